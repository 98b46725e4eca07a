import { arithmetic, fromBits, bitsOf, multiplyFixed, multiplyHigh } from './scalar.ts'
import { BOOL, F32, U32, componentCount, componentOf, sameType, typeName, vector } from './types.ts'
import type { ScalarName, Type } from './types.ts'

type Class = 'number' | 'integer' | 'signed' | 'float'

/** Builtins that work component by component on arguments of one type, and what that type may be. */
const UNIFORM: Record<string, { count: number; of: Class }> = {
  abs: { count: 1, of: 'number' },
  sign: { count: 1, of: 'signed' },
  min: { count: 2, of: 'number' },
  max: { count: 2, of: 'number' },
  clamp: { count: 3, of: 'number' },
  countOneBits: { count: 1, of: 'integer' },
  countLeadingZeros: { count: 1, of: 'integer' },
  countTrailingZeros: { count: 1, of: 'integer' },
  reverseBits: { count: 1, of: 'integer' },
  firstLeadingBit: { count: 1, of: 'integer' },
  firstTrailingBit: { count: 1, of: 'integer' },
  multiplyHigh: { count: 2, of: 'integer' },
  floor: { count: 1, of: 'float' },
  ceil: { count: 1, of: 'float' },
  round: { count: 1, of: 'float' },
  trunc: { count: 1, of: 'float' },
  fract: { count: 1, of: 'float' },
  sqrt: { count: 1, of: 'float' },
  inverseSqrt: { count: 1, of: 'float' },
  exp: { count: 1, of: 'float' },
  exp2: { count: 1, of: 'float' },
  log: { count: 1, of: 'float' },
  log2: { count: 1, of: 'float' },
  sin: { count: 1, of: 'float' },
  cos: { count: 1, of: 'float' },
  tan: { count: 1, of: 'float' },
  saturate: { count: 1, of: 'float' },
  pow: { count: 2, of: 'float' },
  step: { count: 2, of: 'float' },
  mix: { count: 3, of: 'float' },
  fma: { count: 3, of: 'float' },
  smoothstep: { count: 3, of: 'float' },
}

const OTHERS = [
  'select',
  'all',
  'any',
  'dot',
  'cross',
  'length',
  'distance',
  'normalize',
  'extractBits',
  'insertBits',
  'multiplyFixed',
  'pack4xU8',
  'unpack4xU8',
]

/** Every builtin function of the subset. `multiplyHigh` and `multiplyFixed` are the platform's own. */
export const BUILTINS: ReadonlySet<string> = new Set([...Object.keys(UNIFORM), ...OTHERS])

/** True where a builtin is computed component by component. */
export function isUniform(name: string): boolean {
  return Object.hasOwn(UNIFORM, name)
}

const CLASS_TYPES: Record<Class, { accepts: ScalarName[]; words: string }> = {
  number: { accepts: ['i32', 'u32', 'f32', 'abstractInt', 'abstractFloat'], words: 'i32, u32, f32 or vectors of them' },
  integer: { accepts: ['i32', 'u32'], words: 'i32, u32 or vectors of them' },
  signed: { accepts: ['i32', 'f32', 'abstractInt', 'abstractFloat'], words: 'i32, f32 or vectors of them' },
  float: { accepts: ['f32', 'abstractFloat'], words: 'f32 or vectors of it' },
}

/** What the checker can do to make arguments fit. Each answers null where it cannot. */
export interface Fitting {
  /** One type that every given one converts to without loss. */
  common(types: Type[]): Type | null
  concrete(type: Type): Type
}

export type Resolution = { args: Type[]; result: Type } | { problem: string }

/** Types that a builtin's arguments are converted to, and of its result; or what is wrong. */
export function resolveBuiltin(name: string, given: Type[], fit: Fitting): Resolution {
  const uniform = UNIFORM[name]
  if (uniform !== undefined) return resolveUniform(name, uniform, given, fit)
  const counts: Record<string, number> = {
    all: 1,
    any: 1,
    length: 1,
    normalize: 1,
    pack4xU8: 1,
    unpack4xU8: 1,
    dot: 2,
    cross: 2,
    distance: 2,
    insertBits: 4,
  }
  const count = counts[name] ?? 3
  if (given.length !== count) return { problem: `${name} takes ${count} argument${count === 1 ? '' : 's'}, not ${given.length}` }
  const types = given.map((type) => fit.concrete(type))
  const shown = given.map(typeName).join(', ')
  const wrong = (expected: string): Resolution => ({ problem: `${name} takes ${expected}, not (${shown})` })
  const first = types[0]!
  const component = componentOf(first)
  switch (name) {
    case 'all':
    case 'any':
      return component === 'bool' ? { args: [first], result: BOOL } : wrong('a bool or a vector of bool')
    case 'select': {
      const value = fit.common([given[0]!, given[1]!])
      const condition = types[2]!
      if (value === null || componentOf(value) === null) return wrong('two values of one type and a condition')
      const type = fit.concrete(value)
      const fits = componentOf(condition) === 'bool' && (condition.kind === 'scalar' || componentCount(condition) === componentCount(type))
      return fits ? { args: [type, type, condition], result: type } : wrong('(false value, true value, bool)')
    }
    case 'dot': {
      const type = fit.common(given)
      if (type === null || type.kind !== 'vector' || type.element === 'bool') return wrong('two vectors of one type')
      const concrete = fit.concrete(type)
      return { args: [concrete, concrete], result: { kind: 'scalar', name: componentOf(concrete)! } }
    }
    case 'cross':
    case 'distance':
    case 'length':
    case 'normalize': {
      const common = fit.common([...given, ...(given[0]!.kind === 'vector' ? [vector(componentCount(first), 'abstractInt')] : [])])
      const type = common === null ? null : fit.concrete(common)
      const sized = type?.kind === 'vector' && (name !== 'cross' || type.size === 3)
      if (
        type === null ||
        componentOf(type) !== 'f32' ||
        !(sized || (type.kind === 'scalar' && (name === 'length' || name === 'distance')))
      ) {
        return wrong(name === 'cross' ? 'two vec3<f32>' : 'vectors of f32')
      }
      return { args: given.map(() => type), result: name === 'length' || name === 'distance' ? F32 : type }
    }
    case 'multiplyFixed':
      return types.every((type) => type.kind === 'scalar') && component === 'i32' && componentOf(types[1]!) === 'i32'
        ? { args: [first, first, U32], result: first }
        : wrong('(i32, i32, constant u32)')
    case 'extractBits':
      return component === 'i32' || component === 'u32' ? { args: [first, U32, U32], result: first } : wrong('(integer, u32, u32)')
    case 'insertBits': {
      const common = fit.common([given[0]!, given[1]!])
      const type = common === null ? null : fit.concrete(common)
      const integer = type !== null && (componentOf(type) === 'i32' || componentOf(type) === 'u32')
      return integer ? { args: [type, type, U32, U32], result: type } : wrong('(integer, integer, u32, u32)')
    }
    case 'pack4xU8':
      return sameType(first, vector(4, 'u32')) ? { args: [first], result: U32 } : wrong('a vec4<u32>')
    default:
      return componentOf(types[0]!) === 'u32' || componentOf(given[0]!) === 'abstractInt'
        ? { args: [U32], result: vector(4, 'u32') }
        : wrong('a u32')
  }
}

function resolveUniform(name: string, rule: { count: number; of: Class }, given: Type[], fit: Fitting): Resolution {
  if (given.length !== rule.count)
    return { problem: `${name} takes ${rule.count} argument${rule.count === 1 ? '' : 's'}, not ${given.length}` }
  const { accepts, words } = CLASS_TYPES[rule.of]
  let types = given
  if (name === 'mix' && given[0]!.kind === 'vector' && given[2]!.kind === 'scalar') {
    types = [given[0]!, given[1]!, vector(given[0]!.size, given[2]!.name)]
  }
  // An integer constant serves where a float is asked for.
  const common = fit.common(types)
  if (common === null) return { problem: `the arguments of ${name} must have one type: they are ${given.map(typeName).join(', ')}` }
  let component = componentOf(common)
  let result = common
  if (component === 'abstractInt' && rule.of === 'float') {
    result = common.kind === 'vector' ? vector(common.size, 'f32') : F32
    component = 'f32'
  } else if (component === 'abstractInt' && rule.of === 'integer') {
    result = fit.concrete(common)
    component = componentOf(result)
  }
  if (component === null || !accepts.includes(component)) return { problem: `${name} takes ${words}, not ${typeName(common)}` }
  return { args: given.map(() => result), result }
}

/** One component of a uniform builtin. `args` are values of `type`; f32 results are rounded once where the result is exact. */
export function evaluateUniform(name: string, args: number[], type: ScalarName): number {
  const [a, b, c] = args as [number, number, number]
  if (type === 'i32' || type === 'u32') return evaluateInteger(name, a, b, c, type)
  const round = type === 'f32' ? Math.fround : (value: number) => value
  switch (name) {
    case 'abs':
      return Math.abs(a)
    case 'sign':
      return a > 0 ? 1 : a < 0 ? -1 : 0
    case 'min':
      return Math.min(a, b)
    case 'max':
      return Math.max(a, b)
    case 'clamp':
      return Math.min(Math.max(a, b), c)
    case 'saturate':
      return Math.min(Math.max(a, 0), 1)
    case 'floor':
      return Math.floor(a)
    case 'ceil':
      return Math.ceil(a)
    case 'trunc':
      return Math.trunc(a)
    case 'round':
      return roundToEven(a)
    case 'fract':
      return round(a - Math.floor(a))
    case 'sqrt':
      return round(Math.sqrt(a))
    case 'inverseSqrt':
      return round(1 / round(Math.sqrt(a)))
    case 'exp':
      return round(Math.exp(a))
    case 'exp2':
      return round(2 ** a)
    case 'log':
      return round(Math.log(a))
    case 'log2':
      return round(Math.log2(a))
    case 'sin':
      return round(Math.sin(a))
    case 'cos':
      return round(Math.cos(a))
    case 'tan':
      return round(Math.tan(a))
    case 'pow':
      return round(a ** b)
    case 'step':
      return a <= b ? 1 : 0
    case 'mix':
      return round(round(a * round(1 - c)) + round(b * c))
    case 'fma':
      return round(round(a * b) + c)
    case 'smoothstep': {
      const t = Math.min(Math.max(round(round(c - a) / round(b - a)), 0), 1)
      return round(round(t * t) * round(3 - round(2 * t)))
    }
    default:
      throw new Error(`${name} is not computed component by component`)
  }
}

function evaluateInteger(name: string, a: number, b: number, c: number, type: 'i32' | 'u32'): number {
  const wrap = (value: number): number => (type === 'i32' ? value | 0 : value >>> 0)
  switch (name) {
    case 'abs':
      return a < 0 ? wrap(-a) : a
    case 'sign':
      return Math.sign(a) + 0
    case 'min':
      return Math.min(a, b)
    case 'max':
      return Math.max(a, b)
    case 'clamp':
      return Math.min(Math.max(a, b), c)
    case 'countOneBits':
      return countOnes(a)
    case 'countLeadingZeros':
      return Math.clz32(a)
    case 'countTrailingZeros':
      return a === 0 ? 32 : 31 - Math.clz32(a & -a)
    case 'reverseBits':
      return wrap(reverse(a))
    case 'firstLeadingBit':
      return firstLeadingBit(a, type)
    case 'firstTrailingBit':
      return a === 0 ? wrap(-1) : 31 - Math.clz32(a & -a)
    case 'multiplyHigh':
      return multiplyHigh(a, b, type)
    default:
      throw new Error(`${name} is not computed component by component on ${type}`)
  }
}

function firstLeadingBit(value: number, type: 'i32' | 'u32'): number {
  if (type === 'u32') return value === 0 ? 0xffff_ffff : 31 - Math.clz32(value)
  const positive = value < 0 ? ~value : value
  return positive === 0 ? -1 : 31 - Math.clz32(positive)
}

function countOnes(value: number): number {
  let count = 0
  for (let rest = value >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count++
  return count
}

function reverse(value: number): number {
  let result = 0
  for (let bit = 0; bit < 32; bit++) result = (result << 1) | ((value >>> bit) & 1)
  return result
}

function roundToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest < 0.5) return floor
  if (rest > 0.5) return floor + 1
  return floor % 2 === 0 ? floor : floor + 1
}

/** The other builtins, on flat lists of components. */
export function evaluateOther(name: string, args: number[][], type: ScalarName): number[] {
  const [a, b, c, d] = args as [number[], number[], number[], number[]]
  const add = (x: number, y: number) => arithmetic('+', x, y, type)
  const multiply = (x: number, y: number) => arithmetic('*', x, y, type)
  const dot = (x: number[], y: number[]) => x.map((value, lane) => multiply(value, y[lane]!)).reduce(add)
  const length = (x: number[]) => (x.length === 1 ? Math.abs(x[0]!) : Math.fround(Math.sqrt(dot(x, x))))
  switch (name) {
    case 'all':
      return [a.every((value) => value !== 0) ? 1 : 0]
    case 'any':
      return [a.some((value) => value !== 0) ? 1 : 0]
    case 'select':
      return a.map((value, lane) => (c[c.length === 1 ? 0 : lane] === 0 ? value : b[lane]!))
    case 'dot':
      return [dot(a, b)]
    case 'length':
      return [length(a)]
    case 'distance':
      return [length(a.map((value, lane) => Math.fround(value - b[lane]!)))]
    case 'normalize': {
      const size = length(a)
      return a.map((value) => Math.fround(value / size))
    }
    case 'cross':
      return [1, 2, 0].map((y, lane) => {
        const z = [2, 0, 1][lane]!
        return Math.fround(multiply(a[y]!, b[z]!) - multiply(a[z]!, b[y]!))
      })
    case 'multiplyFixed':
      return [multiplyFixed(a[0]!, b[0]!, c[0]!)]
    case 'extractBits':
      return a.map((value) => extractBits(value, b[0]!, c[0]!, type))
    case 'insertBits':
      return a.map((value, lane) => insertBits(value, b[lane]!, c[0]!, d[0]!, type))
    case 'pack4xU8':
      return [a.reduce((word, value, lane) => (word | ((value & 0xff) << (8 * lane))) >>> 0, 0)]
    case 'unpack4xU8':
      return [0, 8, 16, 24].map((shift) => (a[0]! >>> shift) & 0xff)
    default:
      throw new Error(`${name} is not a builtin`)
  }
}

function extractBits(value: number, offset: number, count: number, type: ScalarName): number {
  const from = Math.min(offset, 32)
  const wide = Math.min(count, 32 - from)
  if (wide === 0) return 0
  const up = value << (32 - wide - from)
  return type === 'i32' ? up >> (32 - wide) : up >>> (32 - wide)
}

function insertBits(value: number, inserted: number, offset: number, count: number, type: ScalarName): number {
  const from = Math.min(offset, 32)
  const wide = Math.min(count, 32 - from)
  if (wide === 0) return value
  const mask = wide === 32 ? 0xffff_ffff : (((1 << wide) - 1) << from) >>> 0
  return fromBits(((bitsOf(value, type) & ~mask) | ((inserted << from) & mask)) >>> 0, type)
}
