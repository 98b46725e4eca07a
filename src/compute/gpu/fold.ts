import type { KernelManifest } from '../../domain/kernel.ts'
import { FOLD_LANES, foldStride } from '../wgsl/gpu-prelude.ts'

/**
 * Joins the accumulators of a fold into the chunk's result, [resultWords] u32.
 * Of equal keys the item with the lowest number wins, as on the CPU engine.
 */
export function foldPartials(partials: Uint8Array, manifest: KernelManifest, resultWords: number): Uint8Array {
  const words = new Uint32Array(partials.buffer, partials.byteOffset, partials.length / 4)
  const stride = foldStride(resultWords)
  const result = new Uint32Array(resultWords)
  let number = -1
  for (let lane = 0; lane < FOLD_LANES; lane++) {
    const at = lane * stride
    if (words[at] === 0) continue
    const values = words.subarray(at + 2, at + stride)
    if (manifest.reduce === 'sum') addInto(result, values, manifest)
    else if (number < 0 || better(manifest, values, words[at + 1]!, result, number)) {
      result.set(values)
      number = words[at + 1]!
    }
  }
  return new Uint8Array(result.buffer)
}

function addInto(result: Uint32Array, values: Uint32Array, manifest: KernelManifest): void {
  if (manifest.output.element !== 'f32') {
    values.forEach((value, index) => (result[index] = result[index]! + value))
    return
  }
  const sums = new Float32Array(result.buffer)
  const floats = new Float32Array(values.slice().buffer)
  floats.forEach((value, index) => (sums[index] = sums[index]! + value))
}

function better(manifest: KernelManifest, values: Uint32Array, number: number, best: Uint32Array, bestNumber: number): boolean {
  if (manifest.reduce === 'first') return number < bestNumber
  const [a, b] = [key(values, manifest), key(best, manifest)]
  if (a === b) return number < bestNumber
  return manifest.reduce === 'min' ? a < b : a > b
}

function key(values: Uint32Array, manifest: KernelManifest): number {
  const word = values.slice(0, 1)
  if (manifest.output.element === 'u32') return word[0]!
  return manifest.output.element === 'i32' ? new Int32Array(word.buffer)[0]! : new Float32Array(word.buffer)[0]!
}
