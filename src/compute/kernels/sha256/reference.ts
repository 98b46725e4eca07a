import { sha256 } from '@noble/hashes/sha2.js'

/** The lowest number from `start` on whose double hash begins with the zero bits, as [1, number], or [0, 0]. For tests only. */
export function sha256Reference(data: number[], zeroBits: number, nonceHigh: number, start: number, count: number): number[] {
  const message = new Uint8Array(40)
  const view = new DataView(message.buffer)
  data.forEach((word, index) => view.setUint32(index * 4, word))
  view.setUint32(36, nonceHigh)
  for (let nonce = start; nonce < start + count; nonce++) {
    view.setUint32(32, nonce)
    const hash = sha256(sha256(message))
    const bits = [...hash.subarray(0, 8)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
    if (!bits.slice(0, zeroBits).includes('1')) return [1, nonce]
  }
  return [0, 0]
}
