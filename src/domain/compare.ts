import type { CompareRule } from './kernel.ts'

/** How two outputs of one chunk differ. */
export interface Comparison {
  agrees: boolean
  /** Elements that differ by more than the rule allows. */
  bad: number
  elements: number
}

/**
 * Compares two outputs of one chunk under the kernel's rule. `exact` compares bytes; `approx` compares f32 elements,
 * little-endian: |a-b| <= abs + rel*|b| for all but a share of `maxBadFraction`, where `b` is the reference.
 * Two NaNs agree, as do equal infinities; a NaN or an infinity agrees with nothing else.
 */
export function compareOutputs(rule: CompareRule, output: Uint8Array, reference: Uint8Array): Comparison {
  const elements = Math.floor(reference.length / 4)
  if (output.length !== reference.length || (rule.rule === 'approx' && output.length % 4 !== 0))
    return { agrees: false, bad: elements, elements }
  if (rule.rule === 'exact') {
    const bad = countUnequal(output, reference)
    return { agrees: bad === 0, bad, elements }
  }
  const [a, b] = [view(output), view(reference)]
  let bad = 0
  for (let at = 0; at < output.length; at += 4) {
    if (!close(a.getFloat32(at, true), b.getFloat32(at, true), rule)) bad++
  }
  return { agrees: bad <= rule.maxBadFraction * elements, bad, elements }
}

/** True when a hash alone decides whether two outputs agree. */
export function comparesByHash(rule: CompareRule): boolean {
  return rule.rule === 'exact'
}

function close(a: number, b: number, rule: CompareRule & { rule: 'approx' }): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b)
  if (!Number.isFinite(a) || !Number.isFinite(b)) return a === b
  return Math.abs(a - b) <= rule.abs + rule.rel * Math.abs(b)
}

function countUnequal(a: Uint8Array, b: Uint8Array): number {
  let unequal = 0
  for (let at = 0; at < a.length; at += 4) {
    for (let byte = at; byte < Math.min(at + 4, a.length); byte++) {
      if (a[byte] !== b[byte]) {
        unequal++
        break
      }
    }
  }
  return unequal
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
