import { encode as encodeVarint } from 'uint8-varint'
import { joinParts } from '../../room/wire/frame.ts'

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
export function seeded(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Share of messages that are far too large. */
const OVERSIZED = 1 / 2_000
const OVERSIZED_BYTES = 300 * 1024

/** A hostile message: noise, or of `samples`, which are good ones, one with bytes changed, cut off, doubled or far too large. */
export function hostile(random: () => number, samples: readonly Uint8Array[]): Uint8Array {
  if (random() < OVERSIZED) return new Uint8Array(OVERSIZED_BYTES).fill(Math.floor(random() * 256))
  const bytes = Uint8Array.from(samples[Math.floor(random() * samples.length)] ?? new Uint8Array())
  switch (Math.floor(random() * 5)) {
    case 0:
      return Uint8Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256))
    case 1:
      for (let i = 0; i < 1 + random() * 4; i++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
      return bytes
    case 2:
      return bytes.subarray(0, Math.floor(random() * bytes.length))
    case 3:
      return joinParts([bytes, bytes])
    default:
      // A length that promises far more than there is.
      return Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x7f, ...bytes)
  }
}

/** A message as it goes on a stream: mostly behind its true length, now and then behind a false one or none. */
export function onStream(random: () => number, message: Uint8Array): Uint8Array {
  const kind = random()
  if (kind < 0.8) return joinParts([encodeVarint(message.length), message])
  return kind < 0.9 ? joinParts([encodeVarint(Math.floor(random() * 2 ** 21)), message]) : message
}
