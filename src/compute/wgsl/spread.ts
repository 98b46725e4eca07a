import { isConstant } from './low.ts'
import type { Value } from './low.ts'

/** A kernel that cannot be computed four items at a time; the reason is for those who look into it. */
export class NotVectorisable extends Error {
  override readonly name = 'NotVectorisable'
}

/**
 * How a value differs from lane to lane: a number k where lane n has the first lane's value plus n * k (0: the same in
 * all), or 'free' where nothing is known. Values of the first kind stay scalar, which keeps addresses and loop counters cheap.
 */
export type Spread = number | 'free'

/** Null while nothing is known of a local that it reads. */
export function spreadOf(value: Value, spreads: ReadonlyMap<number, Spread>): Spread | null {
  switch (value.kind) {
    case 'constant':
      return 0
    case 'get':
      return spreads.get(value.local) ?? null
    case 'load': {
      const at = spreadOf(value.address, spreads)
      return at === null ? null : at === 0 ? 0 : 'free'
    }
    case 'operation': {
      const parts: Spread[] = []
      for (const operand of value.operands) {
        const part = spreadOf(operand, spreads)
        if (part === null) return null
        parts.push(part)
      }
      const [a, b] = parts as [Spread, Spread]
      if (parts.every((part) => part === 0)) return 0
      if (typeof a === 'number' && typeof b === 'number' && parts.length === 2) {
        const factor = value.operands[1]!
        if (value.code === 'i32.add') return a + b
        if (value.code === 'i32.sub') return a - b
        if (value.code === 'i32.shl' && isConstant(factor) && Math.abs(a) < 2 ** 20) return (a << (factor.value & 31)) | 0
        if (value.code === 'i32.mul' && isConstant(factor) && Math.abs(a * factor.value) < 2 ** 30) return a * factor.value
      }
      return 'free'
    }
    default:
      return 'free'
  }
}
