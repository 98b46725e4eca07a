import type { Emitter } from './emitter.ts'
import { constant, int, isConstant, operation } from './low.ts'
import type { Value } from './low.ts'
import type { Code } from './opcodes.ts'
import { CANONICAL_NAN } from './scalar.ts'
import type { ScalarName } from './types.ts'

/** Scalar operations of WGSL in WebAssembly, where one instruction is not enough. Operands must be atoms or used once. */

const FLOAT_DIRECT: Record<string, Code> = {
  abs: 'f32.abs',
  floor: 'f32.floor',
  ceil: 'f32.ceil',
  trunc: 'f32.trunc',
  round: 'f32.nearest',
  sqrt: 'f32.sqrt',
  min: 'f32.min',
  max: 'f32.max',
}

const float = (value: number): Value => constant('f32', value)

/** Integer division by WGSL's rules: x / 0 is x, x % 0 is 0, and the smallest i32 divided by -1 is itself. */
export function divide(emitter: Emitter, operator: '/' | '%', a: Value, b: Value, type: ScalarName): Value {
  const signed = type === 'i32'
  const code: Code = operator === '/' ? (signed ? 'i32.div_s' : 'i32.div_u') : signed ? 'i32.rem_s' : 'i32.rem_u'
  if (isConstant(b) && b.value !== 0) {
    if (!(signed && b.value === -1)) return operation(code, a, b)
    return operator === '/' ? operation('i32.sub', int(0), a) : int(0)
  }
  const divisor = emitter.pin(b)
  // A divisor of 1 gives x / 1 = x and x % 1 = 0, which is what the rules ask for.
  if (!signed || operator === '%') return operation(code, a, operation('i32.add', divisor, operation('i32.eqz', divisor)))
  const dividend = emitter.pin(a)
  const overflows = operation('i32.and', operation('i32.eq', dividend, int(-0x8000_0000)), operation('i32.eq', divisor, int(-1)))
  const forbidden = operation('i32.or', operation('i32.eqz', divisor), overflows)
  return operation(code, dividend, operation('select', int(1), divisor, forbidden))
}

/** Bits of an f32, every NaN with the same ones. */
export function floatBits(emitter: Emitter, value: Value): Value {
  const pinned = emitter.pin(value)
  return operation('select', int(CANONICAL_NAN), operation('i32.reinterpret_f32', pinned), operation('f32.ne', pinned, pinned))
}

export function convert(value: Value, from: ScalarName, to: ScalarName): Value {
  if (from === to) return value
  if (to === 'bool') return from === 'f32' ? operation('f32.ne', value, float(0)) : operation('i32.ne', value, int(0))
  if (to === 'f32') return operation(from === 'i32' ? 'f32.convert_i32_s' : 'f32.convert_i32_u', value)
  if (from === 'f32') return operation(to === 'i32' ? 'i32.trunc_sat_f32_s' : 'i32.trunc_sat_f32_u', value)
  return value
}

export function multiplyFixed(a: Value, b: Value, shift: number): Value {
  if (shift === 0) return operation('i32.mul', a, b)
  const product = operation('i64.mul', operation('i64.extend_i32_s', a), operation('i64.extend_i32_s', b))
  return operation('i32.wrap_i64', operation('i64.shr_s', product, constant('i64', shift)))
}

/** One component of a builtin that works component by component; null for those that the float library has. */
export function lowerUniform(emitter: Emitter, name: string, args: Value[], type: ScalarName): Value | null {
  return type === 'f32' ? lowerFloat(emitter, name, args) : lowerInteger(emitter, name, args, type)
}

function lowerFloat(emitter: Emitter, name: string, args: Value[]): Value | null {
  const direct = FLOAT_DIRECT[name]
  if (direct !== undefined) return operation(direct, ...args)
  const [a, b, c] = args as [Value, Value, Value]
  const clamp = (value: Value, low: Value, high: Value) => operation('f32.min', operation('f32.max', value, low), high)
  switch (name) {
    case 'sign': {
      const x = emitter.pin(a)
      const negative = operation('select', float(-1), float(0), operation('f32.lt', x, float(0)))
      return operation('select', float(1), negative, operation('f32.gt', x, float(0)))
    }
    case 'clamp':
      return clamp(a, b, c)
    case 'saturate':
      return clamp(a, float(0), float(1))
    case 'fract': {
      const x = emitter.pin(a)
      return operation('f32.sub', x, operation('f32.floor', x))
    }
    case 'inverseSqrt':
      return operation('f32.div', float(1), operation('f32.sqrt', a))
    case 'step':
      return operation('select', float(1), float(0), operation('f32.le', a, b))
    case 'fma':
      return operation('f32.add', operation('f32.mul', a, b), c)
    case 'mix': {
      const t = emitter.pin(c)
      return operation('f32.add', operation('f32.mul', a, operation('f32.sub', float(1), t)), operation('f32.mul', b, t))
    }
    case 'smoothstep': {
      const low = emitter.pin(a)
      const t = emitter.pin(clamp(operation('f32.div', operation('f32.sub', c, low), operation('f32.sub', b, low)), float(0), float(1)))
      return operation('f32.mul', operation('f32.mul', t, t), operation('f32.sub', float(3), operation('f32.mul', float(2), t)))
    }
    default:
      return null
  }
}

function lowerInteger(emitter: Emitter, name: string, args: Value[], type: ScalarName): Value {
  const signed = type === 'i32'
  const [a, b, c] = args as [Value, Value, Value]
  switch (name) {
    case 'abs': {
      if (!signed) return a
      const x = emitter.pin(a)
      const sign = emitter.pin(operation('i32.shr_s', x, int(31)))
      return operation('i32.sub', operation('i32.xor', x, sign), sign)
    }
    case 'sign': {
      const x = emitter.pin(a)
      return operation('i32.or', operation('i32.shr_s', x, int(31)), operation('i32.shr_u', operation('i32.sub', int(0), x), int(31)))
    }
    case 'min':
      return least(emitter, a, b, signed)
    case 'max':
      return greatest(emitter, a, b, signed)
    case 'clamp':
      return least(emitter, greatest(emitter, a, b, signed), c, signed)
    case 'countOneBits':
      return operation('i32.popcnt', a)
    case 'countLeadingZeros':
      return operation('i32.clz', a)
    case 'countTrailingZeros':
      return operation('i32.ctz', a)
    case 'firstTrailingBit': {
      const x = emitter.pin(a)
      return operation('select', int(-1), operation('i32.ctz', x), operation('i32.eqz', x))
    }
    case 'firstLeadingBit': {
      const x = emitter.pin(a)
      const bits = signed ? operation('i32.xor', x, operation('i32.shr_s', x, int(31))) : x
      return operation('i32.sub', int(31), operation('i32.clz', bits))
    }
    case 'reverseBits':
      return reverseBits(emitter, a)
    case 'multiplyHigh': {
      const extend = signed ? 'i64.extend_i32_s' : 'i64.extend_i32_u'
      const product = operation('i64.mul', operation(extend, a), operation(extend, b))
      return operation('i32.wrap_i64', operation('i64.shr_u', product, constant('i64', 32)))
    }
    default:
      throw new Error(`${name} has no form on ${type}`)
  }
}

export function least(emitter: Emitter, a: Value, b: Value, signed: boolean): Value {
  const [x, y] = [emitter.pin(a), emitter.pin(b)]
  return operation('select', x, y, operation(signed ? 'i32.lt_s' : 'i32.lt_u', x, y))
}

function greatest(emitter: Emitter, a: Value, b: Value, signed: boolean): Value {
  const [x, y] = [emitter.pin(a), emitter.pin(b)]
  return operation('select', x, y, operation(signed ? 'i32.gt_s' : 'i32.gt_u', x, y))
}

function reverseBits(emitter: Emitter, value: Value): Value {
  let x = value
  for (const [shift, mask] of [
    [1, 0x5555_5555],
    [2, 0x3333_3333],
    [4, 0x0f0f_0f0f],
  ] as const) {
    x = emitter.pin(x)
    const right = operation('i32.and', operation('i32.shr_u', x, int(shift)), int(mask))
    x = operation('i32.or', right, operation('i32.shl', operation('i32.and', x, int(mask)), int(shift)))
  }
  x = emitter.pin(x)
  const outer = operation('i32.and', operation('i32.rotl', x, int(8)), int(0x00ff_00ff))
  return operation('i32.or', outer, operation('i32.and', operation('i32.rotr', x, int(8)), int(0xff00_ff00)))
}

export function extractBits(emitter: Emitter, value: Value, offset: Value, count: Value, type: ScalarName): Value {
  const from = emitter.pin(least(emitter, offset, int(32), false))
  const wide = emitter.pin(least(emitter, count, operation('i32.sub', int(32), from), false))
  const up = operation('i32.shl', value, operation('i32.sub', operation('i32.sub', int(32), wide), from))
  const field = operation(type === 'i32' ? 'i32.shr_s' : 'i32.shr_u', up, operation('i32.sub', int(32), wide))
  return operation('select', field, int(0), wide)
}

export function insertBits(emitter: Emitter, value: Value, inserted: Value, offset: Value, count: Value): Value {
  const from = emitter.pin(least(emitter, offset, int(32), false))
  const wide = emitter.pin(least(emitter, count, operation('i32.sub', int(32), from), false))
  const ones = operation('i32.shr_u', int(-1), operation('i32.sub', int(32), wide))
  const mask = emitter.pin(operation('select', operation('i32.shl', ones, from), int(0), wide))
  const kept = operation('i32.and', value, operation('i32.xor', mask, int(-1)))
  return operation('i32.or', kept, operation('i32.and', operation('i32.shl', inserted, from), mask))
}
