import type { Emitter } from './emitter.ts'
import { constant, get, int, isConstant, operation, simd } from './low.ts'
import type { Value, ValueType } from './low.ts'
import type { SimdCode } from './opcodes.ts'
import { NotVectorisable, spreadOf } from './spread.ts'
import type { Spread } from './spread.ts'

export const LANES = 4

/** Scalar operations that have the same meaning on four lanes. */
const DIRECT: Record<string, SimdCode> = {
  'i32.add': 'i32x4.add',
  'i32.sub': 'i32x4.sub',
  'i32.mul': 'i32x4.mul',
  'i32.and': 'v128.and',
  'i32.or': 'v128.or',
  'i32.xor': 'v128.xor',
  'f32.add': 'f32x4.add',
  'f32.sub': 'f32x4.sub',
  'f32.mul': 'f32x4.mul',
  'f32.div': 'f32x4.div',
  'f32.min': 'f32x4.min',
  'f32.max': 'f32x4.max',
  'f32.abs': 'f32x4.abs',
  'f32.neg': 'f32x4.neg',
  'f32.sqrt': 'f32x4.sqrt',
  'f32.ceil': 'f32x4.ceil',
  'f32.floor': 'f32x4.floor',
  'f32.trunc': 'f32x4.trunc',
  'f32.nearest': 'f32x4.nearest',
  'i32.trunc_sat_f32_s': 'i32x4.trunc_sat_f32x4_s',
  'i32.trunc_sat_f32_u': 'i32x4.trunc_sat_f32x4_u',
  'f32.convert_i32_s': 'f32x4.convert_i32x4_s',
  'f32.convert_i32_u': 'f32x4.convert_i32x4_u',
}
const SHIFTS: Record<string, SimdCode> = { 'i32.shl': 'i32x4.shl', 'i32.shr_s': 'i32x4.shr_s', 'i32.shr_u': 'i32x4.shr_u' }
/** Every other byte quadruple of two vectors: the lower or the upper halves of four 64-bit products. */
const LOW_HALVES = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27]
const HIGH_HALVES = LOW_HALVES.map((byte) => byte + 4)

/** Writes scalar values as values of four lanes. */
export class VectorWriter {
  readonly #emitter: Emitter
  readonly #spreads: ReadonlyMap<number, Spread>
  readonly #locals = new Map<number, number>()

  constructor(emitter: Emitter, spreads: ReadonlyMap<number, Spread>) {
    this.#emitter = emitter
    this.#spreads = spreads
  }

  /** The local that holds all lanes of a scalar one, or null for one that stays scalar. */
  vectorLocal(local: number): number | null {
    if (this.#spreads.get(local) !== 'free') return null
    let vector = this.#locals.get(local)
    if (vector === undefined) this.#locals.set(local, (vector = this.#emitter.localTypes.push('v128') - 1))
    return vector
  }

  isUniform(value: Value): boolean {
    return spreadOf(value, this.#spreads) === 0
  }

  /** All lanes of a value. */
  vector(value: Value): Value {
    const spread = spreadOf(value, this.#spreads)
    if (value.type === 'i64') throw new NotVectorisable('64-bit values')
    if (spread === 0) return simd(value.type === 'f32' ? 'f32x4.splat' : 'i32x4.splat', value)
    if (typeof spread === 'number') {
      const steps: Value = { kind: 'vector', type: 'v128', lanes: [0, spread, 2 * spread, 3 * spread] }
      return simd('i32x4.add', simd('i32x4.splat', value), steps)
    }
    switch (value.kind) {
      case 'get':
        return get('v128', this.vectorLocal(value.local)!)
      case 'load':
        return this.#load(value)
      case 'operation':
        return this.#operation(value)
      default:
        throw new NotVectorisable(value.kind)
    }
  }

  /** One lane as a scalar of the given type. */
  lane(vector: Value, lane: number, type: ValueType): Value {
    return { kind: 'simd', type, code: type === 'f32' ? 'f32x4.extract_lane' : 'i32x4.extract_lane', bytes: [lane], operands: [vector] }
  }

  #load(value: Value & { kind: 'load' }): Value {
    if (spreadOf(value.address, this.#spreads) === 4) return { kind: 'load', type: 'v128', address: value.address, offset: value.offset }
    const address = this.#emitter.fresh(this.vector(value.address))
    return this.#joined(value.type, (lane) => ({ ...value, address: this.lane(address, lane, 'i32') }))
  }

  /** A vector out of four scalars. */
  #joined(type: ValueType, of: (lane: number) => Value): Value {
    const float = type === 'f32'
    let vector = simd(float ? 'f32x4.splat' : 'i32x4.splat', of(0))
    for (let lane = 1; lane < LANES; lane++) {
      vector = {
        kind: 'simd',
        type: 'v128',
        code: float ? 'f32x4.replace_lane' : 'i32x4.replace_lane',
        bytes: [lane],
        operands: [vector, of(lane)],
      }
    }
    return vector
  }

  #operation(value: Value & { kind: 'operation' }): Value {
    const { code, operands } = value
    const [a, b, c] = operands as [Value, Value, Value]
    const direct = DIRECT[code]
    if (direct !== undefined) return simd(direct, ...operands.map((operand) => this.vector(operand)))
    if (SHIFTS[code] !== undefined && this.isUniform(b)) return simd(SHIFTS[code], this.vector(a), b)
    if ((code === 'i32.rotl' || code === 'i32.rotr') && isConstant(b)) {
      const left = code === 'i32.rotl' ? b.value & 31 : 32 - (b.value & 31)
      const x = this.#pinned(a)
      return simd('v128.or', simd('i32x4.shl', x, int(left)), simd('i32x4.shr_u', x, int(32 - left)))
    }
    if (code === 'select') {
      if (this.isUniform(c)) return operation('select', this.vector(a), this.vector(b), c)
      return simd('v128.bitselect', this.vector(a), this.vector(b), this.mask(c))
    }
    if (code === 'i32.reinterpret_f32' || code === 'f32.reinterpret_i32') return this.vector(a)
    if (code === 'i32.wrap_i64') return this.#wide(a)
    if (isComparison(value)) return simd('v128.and', this.mask(value), simd('i32x4.splat', int(1)))
    return this.#laneByLane(value)
  }

  #pinned(value: Value): Value {
    return this.#emitter.pin(this.vector(value))
  }

  #laneByLane(value: Value & { kind: 'operation' }): Value {
    if (value.operands.some((operand) => operand.type === 'i64')) throw new NotVectorisable(`${value.code} of 64-bit values`)
    const vectors = value.operands.map((operand) => (this.isUniform(operand) ? null : this.#emitter.fresh(this.vector(operand))))
    return this.#joined(value.type, (lane) =>
      operation(
        value.code,
        ...value.operands.map((operand, index) => (vectors[index] === null ? operand : this.lane(vectors[index]!, lane, operand.type))),
      ),
    )
  }

  /** The lower word of a 64-bit product shifted right, on four lanes. */
  #wide(value: Value): Value {
    if (value.kind !== 'operation' || (value.code !== 'i64.shr_s' && value.code !== 'i64.shr_u'))
      throw new NotVectorisable('64-bit arithmetic')
    const [product, amount] = value.operands as [Value, Value]
    if (product.kind !== 'operation' || product.code !== 'i64.mul' || !isConstant(amount)) throw new NotVectorisable('64-bit arithmetic')
    const [a, b] = product.operands as [Value, Value]
    if (a.kind !== 'operation' || b.kind !== 'operation' || a.code !== b.code) throw new NotVectorisable('64-bit arithmetic')
    const signed = a.code === 'i64.extend_i32_s'
    const [x, y] = [this.#pinned(a.operands[0]!), this.#pinned(b.operands[0]!)]
    const low = simd(signed ? 'i64x2.extmul_low_i32x4_s' : 'i64x2.extmul_low_i32x4_u', x, y)
    const high = simd(signed ? 'i64x2.extmul_high_i32x4_s' : 'i64x2.extmul_high_i32x4_u', x, y)
    const shuffle = (bytes: number[], left: Value, right: Value): Value => ({
      kind: 'simd',
      type: 'v128',
      code: 'i8x16.shuffle',
      bytes,
      operands: [left, right],
    })
    if (amount.value === 32) return shuffle(HIGH_HALVES, low, high)
    // Bits below the cut are the same for both kinds of shift, since at most 32 of them are taken.
    return shuffle(LOW_HALVES, simd('i64x2.shr_u', low, int(amount.value)), simd('i64x2.shr_u', high, int(amount.value)))
  }

  /** All bits of a lane set where the value is not zero. */
  mask(value: Value): Value {
    if (spreadOf(value, this.#spreads) === 'free' && value.kind === 'operation') {
      const { code, operands } = value
      const [a, b] = operands as [Value, Value]
      if (code === 'i32.eqz') return isBoolean(a) ? simd('v128.not', this.mask(a)) : simd('i32x4.eq', this.vector(a), zero())
      if (isComparison(value))
        return simd(code.replace('i32.', 'i32x4.').replace('f32.', 'f32x4.') as SimdCode, this.vector(a), this.vector(b))
      if ((code === 'i32.and' || code === 'i32.or') && isBoolean(a) && isBoolean(b)) {
        return simd(code === 'i32.and' ? 'v128.and' : 'v128.or', this.mask(a), this.mask(b))
      }
    }
    return simd('i32x4.ne', this.vector(value), zero())
  }
}

function zero(): Value {
  return simd('i32x4.splat', constant('i32', 0))
}

function isComparison(value: Value & { kind: 'operation' }): boolean {
  return /^[if]32\.(eqz|eq|ne|[lg][te](_[su])?)$/.test(value.code)
}

function isBoolean(value: Value): boolean {
  if (value.kind !== 'operation') return false
  return isComparison(value) || ((value.code === 'i32.and' || value.code === 'i32.or') && value.operands.every(isBoolean))
}
