import type { Expr } from './ir.ts'
import { componentOf, sameType, typeName, withComponent } from './types.ts'
import type { ScalarName, Type } from './types.ts'

/**
 * Implicit conversions: only constants without suffix convert by themselves, integer to float and abstract to concrete.
 */

const RANK: Record<string, ScalarName[]> = {
  abstractInt: ['abstractInt', 'i32', 'u32', 'abstractFloat', 'f32'],
  abstractFloat: ['abstractFloat', 'f32'],
}

/** True when a value of one type may stand where the other is asked for. */
export function converts(from: Type, to: Type): boolean {
  if (sameType(from, to)) return true
  if (from.kind === 'array' && to.kind === 'array') return from.length === to.length && converts(from.element, to.element)
  const [a, b] = [componentOf(from), componentOf(to)]
  if (a === null || b === null || from.kind !== to.kind) return false
  if (from.kind === 'vector' && to.kind === 'vector' && from.size !== to.size) return false
  return RANK[a]?.includes(b) ?? false
}

/** The one type that all convert to, or null. */
export function commonType(types: Type[]): Type | null {
  let common = types[0]!
  for (const type of types.slice(1)) {
    if (converts(type, common)) continue
    if (!converts(common, type)) return null
    common = type
  }
  return common
}

/** The constant with another type, or what is wrong with it. Only for types that {@link converts} admits. */
export function convertConstant(expr: Expr & { op: 'constant' }, to: Type): Expr | string {
  let base: Type = to
  while (base.kind === 'array') base = base.element
  const component = componentOf(base)!
  const value: number[] = []
  for (const scalar of expr.value) {
    const converted = convertAbstract(scalar, component)
    if (converted === null) return `${scalar} does not fit ${typeName(withComponent({ kind: 'scalar', name: 'i32' }, component))}`
    value.push(converted)
  }
  return { op: 'constant', at: expr.at, type: to, value }
}

function convertAbstract(value: number, to: ScalarName): number | null {
  if (to === 'i32') return value >= -0x8000_0000 && value <= 0x7fff_ffff ? value + 0 : null
  if (to === 'u32') return value >= 0 && value <= 0xffff_ffff ? value + 0 : null
  if (to !== 'f32') return value
  return Number.isFinite(Math.fround(value)) ? Math.fround(value) : null
}
