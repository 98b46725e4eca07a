import type { ArithmeticOperator, ComparisonOperator } from './ir.ts'
import type { ScalarName } from './types.ts'

/**
 * WGSL's arithmetic on single scalars, as the specification's section "Expressions" and the platform's own rules
 * (documented for kernel authors) define it. The checker folds constants with it and the tests' interpreter runs on it.
 */

const bits = new DataView(new ArrayBuffer(4))

/** The pattern every NaN has where its bits can be seen. */
export const CANONICAL_NAN = 0x7fc0_0000

export function bitsOf(value: number, type: ScalarName): number {
  if (type !== 'f32') return value >>> 0
  if (Number.isNaN(value)) return CANONICAL_NAN
  bits.setFloat32(0, value)
  return bits.getUint32(0)
}

export function fromBits(word: number, type: ScalarName): number {
  if (type === 'f32') {
    bits.setUint32(0, word)
    return bits.getFloat32(0)
  }
  return type === 'i32' ? word | 0 : type === 'bool' ? (word === 0 ? 0 : 1) : word >>> 0
}

/** Value conversion between concrete scalar types; float to integer saturates, NaN gives 0. */
export function convertScalar(value: number, from: ScalarName, to: ScalarName): number {
  if (to === 'bool') return value !== 0 ? 1 : 0
  if (to === 'f32') return Math.fround(value)
  if (from !== 'f32') return to === 'i32' ? value | 0 : value >>> 0
  if (Number.isNaN(value)) return 0
  const whole = Math.trunc(value)
  return to === 'i32' ? Math.max(-0x8000_0000, Math.min(0x7fff_ffff, whole)) + 0 : Math.max(0, Math.min(0xffff_ffff, whole))
}

export function arithmetic(operator: ArithmeticOperator, a: number, b: number, type: ScalarName): number {
  if (type === 'f32') return Math.fround(floatArithmetic(operator, a, b))
  if (type === 'bool') return operator === '&' ? a & b : operator === '|' ? a | b : a ^ b
  const wrap = type === 'i32' ? (value: number) => value | 0 : (value: number) => value >>> 0
  switch (operator) {
    case '+':
      return wrap(a + b)
    case '-':
      return wrap(a - b)
    case '*':
      return wrap(Math.imul(a, b))
    case '/':
      return b === 0 ? a : wrap(Math.trunc(a / b))
    case '%':
      return b === 0 || (a === -0x8000_0000 && b === -1) ? 0 : (a % b) + 0
    case '&':
      return wrap(a & b)
    case '|':
      return wrap(a | b)
    case '^':
      return wrap(a ^ b)
    case '<<':
      return wrap(a << (b & 31))
    case '>>':
      return type === 'i32' ? a >> (b & 31) : a >>> (b & 31)
  }
}

function floatArithmetic(operator: ArithmeticOperator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / b
    case '%':
      // By the specification's formula a - b * trunc(a / b), each step rounded.
      return a - Math.fround(b * Math.trunc(Math.fround(a / b)))
    default:
      throw new Error(`${operator} has no meaning for f32`)
  }
}

export function comparison(operator: ComparisonOperator, a: number, b: number): number {
  switch (operator) {
    case '==':
      return a === b ? 1 : 0
    case '!=':
      return a !== b ? 1 : 0
    case '<':
      return a < b ? 1 : 0
    case '>':
      return a > b ? 1 : 0
    case '<=':
      return a <= b ? 1 : 0
    case '>=':
      return a >= b ? 1 : 0
  }
}

/** High word of the 64-bit product. */
export function multiplyHigh(a: number, b: number, type: ScalarName): number {
  const high = (BigInt(a) * BigInt(b)) >> 32n
  return type === 'i32' ? Number(BigInt.asIntN(32, high)) : Number(BigInt.asUintN(32, high))
}

/** `(a * b) >> shift` on the 64-bit product of two i32, cut to 32 bits. */
export function multiplyFixed(a: number, b: number, shift: number): number {
  return Number(BigInt.asIntN(32, (BigInt(a) * BigInt(b)) >> BigInt(shift)))
}
