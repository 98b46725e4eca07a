import type { SubmitRequest } from '../../node/api.ts'
import { count } from '../view/format.ts'

/** Bytes as rows of `width` items, or what is wrong with that. */
export function rawInput(
  name: string,
  bytes: Uint8Array,
  width: number,
  bytesPerItem: number,
): NonNullable<SubmitRequest['input']> | { problem: string } {
  if (bytes.length === 0) return { problem: `“${name}” is empty: choose a file with ${bytesPerItem} bytes for each item.` }
  if (!Number.isSafeInteger(width) || width < 1) return { problem: `A row has a whole number of items, at least 1: “${width}” was given.` }
  const row = width * bytesPerItem
  if (bytes.length % row !== 0) {
    return {
      problem: `“${name}” has ${count(bytes.length)} bytes, which are not whole rows of ${count(width)} items of ${bytesPerItem} bytes: change the width or the file.`,
    }
  }
  return { bytes, width, height: bytes.length / row, name }
}

/** Two square matrices of f32, one below the other: [2 * side, side], values from -1 to 1, the same every time. */
export function sampleItems(side: number): Uint8Array {
  const items = new Float32Array(2 * side * side)
  for (let index = 0; index < items.length; index++) items[index] = Math.sin(index * 0.618) * Math.cos(index * 0.0137)
  return new Uint8Array(items.buffer)
}
