import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WindowError, checkWindow, gather, gatherFrom, scatter, scatterTo, spans, windowLength } from './chunk.ts'
import type { Window } from './chunk.ts'

const NO_CLAMP = { left: 0, right: 0, top: 0, bottom: 0 }
const stream = Uint8Array.from({ length: 64 }, (_, index) => index)

const windows = fc.record({
  offset: fc.nat(40),
  lineWidth: fc.integer({ min: 1, max: 8 }),
  lineStride: fc.nat(20),
  lineCount: fc.integer({ min: 1, max: 4 }),
  blockStride: fc.nat(30),
  blockCount: fc.integer({ min: 1, max: 4 }),
})

function addresses(window: Window): number[] {
  const found: number[] = []
  for (let b = 0; b < window.blockCount; b++) {
    for (let l = 0; l < window.lineCount; l++) {
      for (let i = 0; i < window.lineWidth; i++) found.push(window.offset + b * window.blockStride + l * window.lineStride + i)
    }
  }
  return found
}

describe('a window over a stream', () => {
  it('is accepted exactly when all its bytes lie inside, and then gathers them in order', () => {
    fc.assert(
      fc.property(windows, (window) => {
        const wanted = addresses(window)
        if (Math.max(...wanted) >= stream.length) {
          expect(() => gather(stream, { input: window, clamp: NO_CLAMP }, 1)).toThrow(WindowError)
          return
        }
        expect([...gather(stream, { input: window, clamp: NO_CLAMP }, 1)]).toEqual(wanted)
        expect([...spans(window)].flatMap(({ offset, length }) => Array.from({ length }, (_, i) => offset + i))).toEqual(wanted)
      }),
    )
  })

  it('scatters what it gathered back to where it was, and writes nothing else', () => {
    fc.assert(
      fc.property(windows, (window) => {
        fc.pre(Math.max(...addresses(window)) < stream.length)
        const output = new Uint8Array(stream.length).fill(255)
        scatter(gather(stream, { input: window, clamp: NO_CLAMP }, 1), window, output)
        const inside = new Set(addresses(window))
        output.forEach((byte, index) => expect(byte).toBe(inside.has(index) ? index : 255))
      }),
    )
  })

  it('walks blocks horizontally, vertically and every second one by its block stride', () => {
    const shape = { offset: 0, lineWidth: 2, lineStride: 8, lineCount: 2 }
    const walk = (blockStride: number) => addresses({ ...shape, blockStride, blockCount: 2 })
    const taken = (blockStride: number) => [...gather(stream, { input: { ...shape, blockStride, blockCount: 2 }, clamp: NO_CLAMP }, 1)]
    expect(taken(2)).toEqual([0, 1, 8, 9, 2, 3, 10, 11])
    expect(taken(16)).toEqual([0, 1, 8, 9, 16, 17, 24, 25])
    expect(taken(4)).toEqual([0, 1, 8, 9, 4, 5, 12, 13])
    expect(taken(4)).toEqual(walk(4))
  })

  it('is refused when its figures overflow, are negative, broken or empty', () => {
    const good = { offset: 0, lineWidth: 4, lineStride: 8, lineCount: 2, blockStride: 16, blockCount: 2 }
    const bad: Partial<Window>[] = [
      { offset: -1 },
      { offset: 0.5 },
      { offset: Number.NaN },
      { lineWidth: 0 },
      { lineCount: 0 },
      { blockCount: Infinity },
      { blockStride: Number.MAX_SAFE_INTEGER },
      { lineStride: 2 ** 52, lineCount: 2 ** 20 },
      { offset: Number.MAX_SAFE_INTEGER },
      { lineCount: 2 ** 40, lineStride: 0 },
    ]
    for (const change of bad) expect(() => checkWindow({ ...good, ...change }, 1000), JSON.stringify(change)).toThrow(WindowError)
    expect(() => checkWindow(good, 28)).not.toThrow()
    expect(() => checkWindow(good, 27)).toThrow(/ends at byte 28/)
  })

  it('is refused when it repeats a little stream into a huge tile', () => {
    const bomb = { offset: 0, lineWidth: 64, lineStride: 0, lineCount: 2 ** 30, blockStride: 0, blockCount: 1 }
    expect(() => gather(stream, { input: bomb, clamp: NO_CLAMP }, 1)).toThrow(/at most/)
    const small = { offset: 0, lineWidth: 4, lineStride: 4, lineCount: 1, blockStride: 4, blockCount: 1 }
    expect(() => gather(stream, { input: small, clamp: { ...NO_CLAMP, left: 2 ** 40 } }, 1)).toThrow(WindowError)
  })

  it('repeats the border where the halo reaches outside', () => {
    const window = { offset: 0, lineWidth: 4, lineStride: 8, lineCount: 2, blockStride: 16, blockCount: 1 }
    const tile = gather(stream, { input: window, clamp: { left: 1, right: 1, top: 1, bottom: 0 } }, 2)
    const line = (first: number) => [first, first + 1, first, first + 1, first + 2, first + 3, first + 2, first + 3]
    expect([...tile]).toEqual([...line(0), ...line(0), ...line(8)])
  })

  it('reads a stream in blocks span by span, with the same result', async () => {
    const window = { offset: 3, lineWidth: 4, lineStride: 4, lineCount: 3, blockStride: 20, blockCount: 2 }
    const asked: number[][] = []
    const read = async (offset: number, length: number) => {
      asked.push([offset, length])
      return stream.slice(offset, offset + length)
    }
    const chunk = { input: window, clamp: NO_CLAMP }
    expect(await gatherFrom(read, stream.length, chunk, 1)).toEqual(gather(stream, chunk, 1))
    expect(asked).toEqual([
      [3, 12],
      [23, 12],
    ])
    await expect(gatherFrom(async () => new Uint8Array(1), stream.length, chunk, 1)).rejects.toThrow(/were asked for/)
  })

  it('refuses a result of the wrong length before it writes', () => {
    const window = { offset: 0, lineWidth: 4, lineStride: 4, lineCount: 1, blockStride: 4, blockCount: 1 }
    let writes = 0
    expect(() => scatterTo(new Uint8Array(windowLength(window) + 1), window, 64, () => writes++)).toThrow(WindowError)
    expect(writes).toBe(0)
  })
})
