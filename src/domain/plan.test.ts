import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gather, scatter } from './chunk.ts'
import type { Job } from './job.ts'
import type { KernelManifest } from './kernel.ts'
import { CHUNK_OUTPUT_BYTES, checkJob, chunkAt, chunkCount, microjobAt, microjobCount, outputLength, planJob } from './plan.ts'

const base: KernelManifest = {
  name: 'k',
  version: '1',
  title: '',
  description: '',
  licence: 'MIT',
  parameters: ['w', 'h', 'd'].map((name) => ({ name, type: 'u32', label: name, default: 1, min: 1, max: 4_294_967_295 })),
  input: { kind: 'none' },
  space: { from: 'parameters', axes: ['w', 'h', 'd'] },
  output: { element: 'u32', elementsPerItem: 1 },
  reduce: 'concat',
  compare: { rule: 'exact' },
  preview: 'bytes',
  fuelPerItem: 100,
}
const photo: KernelManifest = {
  ...base,
  parameters: [],
  input: { kind: 'stream', shape: 'image', bytesPerItem: 4, halo: 2 },
  space: { from: 'input' },
}

function jobOf(manifest: KernelManifest, parameters: Job['parameters'], chunk?: [number, number, number], size?: [number, number]): Job {
  const bytes = manifest.input.kind === 'stream' ? manifest.input.bytesPerItem : 0
  const input =
    size === undefined
      ? null
      : { blocks: ['b'], blockBytes: 2 ** 30, length: size[0] * size[1] * bytes, width: size[0], height: size[1], name: '' }
  const cut = planJob(chunk === undefined ? { manifest, parameters, input } : { manifest, parameters, input, chunk })
  return { version: 1, title: '', kernel: 'k', parameters, input, ...cut, requester: 'p', createdAt: 0, nonce: '' }
}

describe('the planner', () => {
  it('covers every item of any index space with exactly one chunk, in three dimensions', () => {
    const extent = fc.integer({ min: 1, max: 9 })
    fc.assert(
      fc.property(fc.tuple(extent, extent, extent), fc.tuple(extent, extent, extent), (space, chunk) => {
        const job = jobOf(base, { w: space[0], h: space[1], d: space[2] }, chunk)
        const output = new Uint8Array(outputLength(job, base))
        for (let id = 0; id < chunkCount(job); id++) {
          const { size, output: window } = chunkAt(job, base, id)
          const ones = new Uint8Array(size[0] * size[1] * size[2] * 4).fill(1)
          const before = new Uint8Array(output.length)
          scatter(ones, window, before)
          before.forEach((byte, index) => (output[index] = output[index]! + byte))
        }
        expect(output.every((count) => count === 1)).toBe(true)
      }),
    )
  })

  it('gathers for every chunk of a photo the same tile as a slow walk over its pixels, border repeated', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 7 }),
        (width, height, x, y) => {
          const job = jobOf(photo, {}, [x, y, 1], [width, height])
          const pixels = Uint32Array.from({ length: width * height }, (_, index) => index + 1)
          for (let id = 0; id < chunkCount(job); id++) {
            const chunk = chunkAt(job, photo, id)
            const tile = new Uint32Array(gather(new Uint8Array(pixels.buffer), chunk, 4).buffer)
            const expected: number[] = []
            for (let row = chunk.origin[1] - 2; row < chunk.origin[1] + chunk.size[1] + 2; row++) {
              for (let column = chunk.origin[0] - 2; column < chunk.origin[0] + chunk.size[0] + 2; column++) {
                expected.push(pixels[Math.min(Math.max(row, 0), height - 1) * width + Math.min(Math.max(column, 0), width - 1)]!)
              }
            }
            expect([...tile]).toEqual(expected)
          }
        },
      ),
    )
  })

  it('plans and cuts a picture of a billion pixels without holding it', () => {
    const job = jobOf(photo, {}, undefined, [40_000, 25_000])
    const last = chunkAt(job, photo, chunkCount(job) - 1)
    expect(outputLength(job, photo)).toBe(4_000_000_000)
    expect(last.output.offset + (last.output.lineCount - 1) * last.output.lineStride + last.output.lineWidth).toBe(4_000_000_000)
    expect(last.size[0] * last.size[1] * 4).toBeLessThanOrEqual(CHUNK_OUTPUT_BYTES)
  })

  it('keeps a chunk between 0.25 and 1 s at the given pace where the job is large enough', () => {
    for (const itemsPerSecond of [1000, 20_000]) {
      const { plan } = planJob({ manifest: base, parameters: { w: 100_000, h: 100_000, d: 1 }, input: null, itemsPerSecond })
      const seconds = (plan.chunk[0] * plan.chunk[1] * plan.chunk[2]) / itemsPerSecond
      expect(seconds).toBeGreaterThanOrEqual(0.25)
      expect(seconds).toBeLessThanOrEqual(1)
    }
  })

  it('keeps the output of a chunk small enough to travel inside a message', () => {
    const { plan } = planJob({ manifest: base, parameters: { w: 100_000, h: 100_000, d: 1 }, input: null, itemsPerSecond: 1e9 })
    expect(plan.chunk[0] * plan.chunk[1] * 4).toBeLessThanOrEqual(CHUNK_OUTPUT_BYTES)
  })

  it('numbers microjobs and blocks without gaps', () => {
    const job = jobOf(base, { w: 1005, h: 1, d: 1 }, [1, 1, 1])
    expect([chunkCount(job), microjobCount(job)]).toEqual([1005, 101])
    expect(microjobAt(job, 100)).toMatchObject({ blockIndex: 1, microjob: 0, firstChunk: 1000, chunkCount: 5 })
    expect(microjobAt(job, 99)).toMatchObject({ blockIndex: 0, microjob: 99, firstChunk: 990, chunkCount: 10 })
    expect(() => microjobAt(job, 101)).toThrow(/does not exist/)
  })

  it('gives one result per chunk where results are folded, and no more items to a chunk than the fold bears', () => {
    const folded: KernelManifest = { ...base, reduce: 'sum', output: { element: 'u32', elementsPerItem: 6 }, maxChunkItems: 50 }
    const job = jobOf(folded, { w: 1000, h: 1, d: 1 })
    expect(job.plan.chunk[0]).toBeLessThanOrEqual(50)
    expect(outputLength(job, folded)).toBe(chunkCount(job) * 24)
    expect(chunkAt(job, folded, 3).output).toMatchObject({ offset: 72, lineWidth: 24 })
    expect(() => jobOf(folded, { w: 1000, h: 1, d: 1 }, [51, 1, 1])).toThrow(/too large/)
  })

  it('gathers lines of both matrices for every square of their product', () => {
    const matrices: KernelManifest = { ...photo, input: { kind: 'stream', shape: 'matrix', bytesPerItem: 4, halo: 0 } }
    const job = jobOf(matrices, {}, [2, 2, 1], [3, 8])
    const stream = new Uint8Array(Uint32Array.from({ length: 24 }, (_, index) => Math.floor(index / 3)).buffer)
    // Square (1, 0): lines 0 and 1 of the first matrix, lines 2 and 3 of the second, which begins at line 4.
    const tile = new Uint32Array(gather(stream, chunkAt(job, matrices, 1), 4).buffer)
    expect([...tile]).toEqual([0, 0, 0, 1, 1, 1, 6, 6, 6, 7, 7, 7])
  })

  it('refuses a job whose claims do not follow from its parameters and input', () => {
    const job = jobOf(photo, {}, [4, 4, 1], [10, 10])
    expect(() => checkJob(job, photo)).not.toThrow()
    expect(() => checkJob({ ...job, space: [11, 10, 1] }, photo)).toThrow(/index space/)
    expect(() => checkJob({ ...job, input: { ...job.input!, length: 401 } }, photo)).toThrow(/400 bytes/)
    expect(() => checkJob({ ...job, input: { ...job.input!, blocks: [] } }, photo)).toThrow(/blocks/)
    expect(() => checkJob({ ...job, plan: { ...job.plan, chunk: [0, 4, 1] } }, photo)).toThrow(/at least 1/)
    expect(() => checkJob({ ...job, plan: { ...job.plan, chunksPerMicrojob: 0.5 } }, photo)).toThrow(/chunksPerMicrojob/)
    expect(() => checkJob({ ...job, plan: { ...job.plan, deadlineMs: 999 } }, photo)).toThrow(/deadlineMs must be a whole number from 1000/)
    expect(() => checkJob({ ...job, input: null }, photo)).toThrow(/needs an input/)
  })
})
