import { encode as encodeVarint } from 'uint8-varint'
import { describe, expect, it } from 'vitest'
import { MAX_FRAME_BYTES } from '../room/wire/constants.ts'
import { frameStream } from './stream-frames.ts'
import type { Stream } from '@libp2p/interface'

class FakeStream extends EventTarget {
  status = 'open'
  abort(): void {
    this.status = 'aborted'
  }
  arrive(data: Uint8Array): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data }))
  }
}

function listening(): { stream: FakeStream; sizes: number[]; broken: string[]; malformed: number } {
  const seen = { stream: new FakeStream(), sizes: [] as number[], broken: [] as string[], malformed: 0 }
  frameStream(
    seen.stream as unknown as Stream,
    () => ({
      onFrame: (frame) => void seen.sizes.push(frame.length),
      onReady: () => undefined,
      onBroken: (reason) => void seen.broken.push(reason),
    }),
    () => seen.malformed++,
  )
  return seen
}

function encoded(sizes: readonly number[]): Uint8Array {
  return Buffer.concat(sizes.flatMap((size) => [encodeVarint(size), new Uint8Array(size)]))
}

describe('frames of a stream', () => {
  const sizes = [5, 256 * 1024, MAX_FRAME_BYTES, 1, MAX_FRAME_BYTES - 1, MAX_FRAME_BYTES, 300_000, MAX_FRAME_BYTES, MAX_FRAME_BYTES, 7]

  it('are all found in one piece that waited for a slow reader, however large', () => {
    const seen = listening()
    seen.stream.arrive(encoded(sizes))
    expect(seen).toMatchObject({ sizes, broken: [], malformed: 0 })
  })

  it('are all found in many pieces, wherever they are cut', () => {
    const seen = listening()
    const bytes = encoded(sizes)
    for (let offset = 0; offset < bytes.length; offset += 99_991) seen.stream.arrive(bytes.subarray(offset, offset + 99_991))
    expect(seen).toMatchObject({ sizes, broken: [], malformed: 0 })
  })

  it('are refused when one is too large, and its sender is noted', () => {
    const seen = listening()
    seen.stream.arrive(encoded([3, MAX_FRAME_BYTES + 1]))
    expect(seen).toMatchObject({ sizes: [3], malformed: 1, stream: { status: 'aborted' } })
    expect(seen.broken).toEqual(['not a frame: Invalid message length'])
  })
})
