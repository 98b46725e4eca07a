import { CODES } from './opcodes.ts'
import type { Code, SimdCode } from './opcodes.ts'
import { arithmetic, bitsOf, fromBits } from './scalar.ts'

/**
 * Low form: what WebAssembly has and nothing else. Expressions are trees without side effects; statements write
 * locals and memory. The constructors below simplify while they build.
 */

export type ValueType = 'i32' | 'i64' | 'f32' | 'v128'

export type Value =
  | { kind: 'constant'; type: ValueType; value: number }
  | { kind: 'get'; type: ValueType; local: number }
  | { kind: 'operation'; type: ValueType; code: Code; operands: Value[] }
  | { kind: 'load'; type: ValueType; address: Value; offset: number }
  | { kind: 'vector'; type: 'v128'; lanes: number[] }
  | { kind: 'simd'; type: ValueType; code: SimdCode; bytes: number[]; operands: Value[] }

export type Step =
  | { kind: 'set'; local: number; value: Value }
  | { kind: 'store'; type: ValueType; address: Value; offset: number; value: Value }
  | { kind: 'copy'; to: Value; from: Value; bytes: number }
  | { kind: 'fill'; to: Value; bytes: number }
  | { kind: 'if'; condition: Value; then: Step[]; else: Step[] }
  | { kind: 'block'; label: number; body: Step[] }
  | { kind: 'loop'; label: number; body: Step[] }
  | { kind: 'branch'; label: number; condition: Value | null }
  | { kind: 'call'; target: number; args: Value[]; result: number }
  | { kind: 'exit'; value: Value }

/** A vector instruction without immediate bytes. */
export function simd(code: SimdCode, ...operands: Value[]): Value {
  return { kind: 'simd', type: code === 'i32x4.bitmask' ? 'i32' : 'v128', code, bytes: [], operands }
}

const RESULT_EXCEPTIONS: Partial<Record<Code, ValueType>> = { 'i32.reinterpret_f32': 'i32', 'f32.reinterpret_i32': 'f32' }

export function constant(type: ValueType, value: number): Value {
  return { kind: 'constant', type, value: type === 'i32' ? value | 0 : value }
}

export function int(value: number): Value {
  return constant('i32', value)
}

export function get(type: ValueType, local: number): Value {
  return { kind: 'get', type, local }
}

export function isConstant(value: Value): value is Value & { kind: 'constant' } {
  return value.kind === 'constant'
}

/** Cheap enough to be written out twice. */
export function isAtom(value: Value): boolean {
  return value.kind === 'constant' || value.kind === 'get'
}

/** Number of nodes of the tree. */
export function sizeOf(value: Value): number {
  switch (value.kind) {
    case 'operation':
      return value.operands.reduce((sum, operand) => sum + sizeOf(operand), 1)
    case 'load':
      return 1 + sizeOf(value.address)
    default:
      return 1
  }
}

/** True when the tree reads one of the locals. */
export function reads(value: Value, locals: ReadonlySet<number>): boolean {
  switch (value.kind) {
    case 'get':
      return locals.has(value.local)
    case 'operation':
    case 'simd':
      return value.operands.some((operand) => reads(operand, locals))
    case 'load':
      return reads(value.address, locals)
    case 'constant':
    case 'vector':
      return false
  }
}

export function hasLoad(value: Value): boolean {
  return value.kind === 'load' || (value.kind === 'operation' && value.operands.some(hasLoad))
}

function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true
  if (a.kind === 'get') return b.kind === 'get' && a.local === b.local
  return a.kind === 'constant' && b.kind === 'constant' && Object.is(a.value, b.value) && a.type === b.type
}

/** An operation, simplified where its operands allow it. */
export function operation(code: Code, ...operands: Value[]): Value {
  const type =
    RESULT_EXCEPTIONS[code] ?? (isComparison(code) ? 'i32' : code === 'select' ? operands[0]!.type : (code.slice(0, 3) as ValueType))
  const folded = operands.every(isConstant)
    ? foldConstants(
        code,
        operands.map((operand) => operand.value),
      )
    : null
  if (folded !== null) return constant(type, folded)
  const simplified = code.startsWith('i32.') || code === 'select' ? simplify(code, operands) : null
  return simplified ?? { kind: 'operation', type, code, operands }
}

const COMPARISONS: ReadonlySet<string> = new Set(Object.keys(CODES).filter((code) => /\.(eqz?|ne|[lg][te](_[su])?)$/.test(code)))

function isComparison(code: Code): boolean {
  return COMPARISONS.has(code)
}

const ARITHMETIC: Partial<Record<Code, [Parameters<typeof arithmetic>[0], 'i32' | 'u32']>> = {
  'i32.add': ['+', 'i32'],
  'i32.sub': ['-', 'i32'],
  'i32.mul': ['*', 'i32'],
  'i32.and': ['&', 'i32'],
  'i32.or': ['|', 'i32'],
  'i32.xor': ['^', 'i32'],
  'i32.shl': ['<<', 'i32'],
  'i32.shr_s': ['>>', 'i32'],
  'i32.shr_u': ['>>', 'u32'],
}

function foldConstants(code: Code, values: number[]): number | null {
  const [a, b, c] = values as [number, number, number]
  const known = ARITHMETIC[code]
  if (known !== undefined) return arithmetic(known[0], fromBits(a >>> 0, known[1]), fromBits(b >>> 0, known[1]), known[1]) | 0
  const truth = (holds: boolean): number => (holds ? 1 : 0)
  switch (code) {
    case 'i32.eqz':
      return truth(a === 0)
    case 'i32.eq':
      return truth(a === b)
    case 'i32.ne':
      return truth(a !== b)
    case 'i32.lt_s':
      return truth(a < b)
    case 'i32.gt_s':
      return truth(a > b)
    case 'i32.le_s':
      return truth(a <= b)
    case 'i32.ge_s':
      return truth(a >= b)
    case 'i32.lt_u':
      return truth(a >>> 0 < b >>> 0)
    case 'i32.gt_u':
      return truth(a >>> 0 > b >>> 0)
    case 'i32.le_u':
      return truth(a >>> 0 <= b >>> 0)
    case 'i32.ge_u':
      return truth(a >>> 0 >= b >>> 0)
    case 'i32.div_u':
      return b === 0 ? null : ((a >>> 0) / (b >>> 0)) | 0
    case 'i32.rem_u':
      return b === 0 ? null : ((a >>> 0) % (b >>> 0)) | 0
    case 'i32.rotl':
      return (a << (b & 31)) | (a >>> (-b & 31))
    case 'i32.rotr':
      return (a >>> (b & 31)) | (a << (-b & 31))
    case 'f32.reinterpret_i32':
      return null
    case 'i32.reinterpret_f32':
      return bitsOf(a, 'f32') | 0
    case 'f32.convert_i32_s':
      return Math.fround(a)
    case 'f32.convert_i32_u':
      return Math.fround(a >>> 0)
    case 'select':
      return c !== 0 ? a : b
    default:
      return null
  }
}

const INVERSE: Partial<Record<Code, Code>> = {
  'i32.eq': 'i32.ne',
  'i32.ne': 'i32.eq',
  'i32.lt_s': 'i32.ge_s',
  'i32.ge_s': 'i32.lt_s',
  'i32.lt_u': 'i32.ge_u',
  'i32.ge_u': 'i32.lt_u',
  'i32.gt_s': 'i32.le_s',
  'i32.le_s': 'i32.gt_s',
  'i32.gt_u': 'i32.le_u',
  'i32.le_u': 'i32.gt_u',
  'f32.eq': 'f32.ne',
  'f32.ne': 'f32.eq',
}

function simplify(code: Code, operands: Value[]): Value | null {
  const [a, b, c] = operands as [Value, Value, Value]
  if (code === 'select') {
    if (isConstant(c)) return c.value !== 0 ? a : b
    return sameValue(a, b) ? a : null
  }
  if (code === 'i32.eqz') return a.kind === 'operation' && INVERSE[a.code] !== undefined ? operation(INVERSE[a.code]!, ...a.operands) : null
  if (b === undefined) return null
  if (isConstant(a) && !isConstant(b) && ['i32.add', 'i32.mul', 'i32.and', 'i32.or', 'i32.xor'].includes(code)) return operation(code, b, a)
  if (isConstant(b)) return simplifyConstant(code, a, b.value)
  if (code === 'i32.or' || code === 'i32.add' || code === 'i32.xor') return rotation(a, b) ?? rotation(b, a)
  return null
}

function simplifyConstant(code: Code, a: Value, b: number): Value | null {
  switch (code) {
    case 'i32.add':
      if (b === 0) return a
      if (a.kind === 'operation' && a.code === 'i32.add' && isConstant(a.operands[1]!))
        return operation('i32.add', a.operands[0]!, int(a.operands[1].value + b))
      return null
    case 'i32.sub':
      return b === 0 ? a : operation('i32.add', a, int(-b))
    case 'i32.or':
    case 'i32.xor':
      return b === 0 ? a : null
    case 'i32.shl':
    case 'i32.shr_s':
    case 'i32.shr_u':
    case 'i32.rotl':
    case 'i32.rotr':
      return (b & 31) === 0 ? a : null
    case 'i32.mul':
      if (b === 1) return a
      if (b === 0) return int(0)
      return Math.log2(b) % 1 === 0 ? operation('i32.shl', a, int(Math.log2(b))) : null
    case 'i32.and':
      return b === -1 ? a : b === 0 ? int(0) : null
    case 'i32.div_u':
      return b === 1 ? a : null
    case 'i32.ne':
      return b === 0 && a.kind === 'operation' && isComparison(a.code) ? a : null
    case 'i32.eq':
      return b === 0 ? operation('i32.eqz', a) : null
    default:
      return null
  }
}

/** `(x << n) | (x >> 32-n)` is a rotation. */
function rotation(a: Value, b: Value): Value | null {
  if (a.kind !== 'operation' || b.kind !== 'operation' || a.code !== 'i32.shl' || b.code !== 'i32.shr_u') return null
  const [x, n] = a.operands as [Value, Value]
  const [y, m] = b.operands as [Value, Value]
  return isConstant(n) && isConstant(m) && n.value + m.value === 32 && sameValue(x, y) ? operation('i32.rotl', x, n) : null
}

/** Largest value, read as unsigned, that the tree can have; `known` gives that of locals. */
export function upperBound(value: Value, known: ReadonlyMap<number, number>): number {
  const top = 0xffff_ffff
  if (value.type !== 'i32') return top
  if (value.kind === 'constant') return value.value >>> 0
  if (value.kind === 'get') return known.get(value.local) ?? top
  if (value.kind !== 'operation') return top
  if (isComparison(value.code)) return 1
  const [a, b] = value.operands as [Value, Value]
  const bound = (operand: Value) => upperBound(operand, known)
  const capped = (exact: number) => (exact <= top ? exact : top)
  switch (value.code) {
    case 'i32.and':
      return Math.min(bound(a), bound(b))
    case 'i32.add':
      return capped(bound(a) + bound(b))
    case 'i32.mul':
      return capped(bound(a) * bound(b))
    case 'i32.rem_u':
      return isConstant(b) && b.value !== 0 ? (b.value >>> 0) - 1 : bound(a)
    case 'i32.div_u':
      return isConstant(b) && b.value !== 0 ? Math.floor(bound(a) / (b.value >>> 0)) : bound(a)
    case 'i32.shr_u':
      return isConstant(b) ? Math.floor(bound(a) / 2 ** (b.value & 31)) : bound(a)
    case 'i32.shl':
      return isConstant(b) ? capped(bound(a) * 2 ** (b.value & 31)) : top
    case 'i32.or':
    case 'i32.xor':
      return Math.max(2 ** Math.ceil(Math.log2(bound(a) + 1)), 2 ** Math.ceil(Math.log2(bound(b) + 1))) - 1
    case 'select':
      return Math.max(bound(a), bound(b))
    default:
      return top
  }
}
