import type { Expr } from './ir.ts'

/** Operands that decide an operation's value; the expression itself where no constant can. */
export function operandsOf(expr: Expr): Expr[] {
  switch (expr.op) {
    case 'binary':
    case 'compare':
    case 'logic':
      return [expr.a, expr.b]
    case 'negate':
    case 'not':
    case 'complement':
    case 'splat':
    case 'convert':
    case 'bitcast':
      return [expr.a]
    case 'swizzle':
    case 'member':
      return [expr.of]
    case 'index':
      return [expr.of, expr.index]
    case 'construct':
    case 'builtin':
      return expr.args
    default:
      // Never foldable: hand back the expression itself, which is no constant.
      return [expr]
  }
}

/** True for what may be indexed by a computed index. */
export function isAddressable(expr: Expr): boolean {
  switch (expr.op) {
    case 'local':
    case 'parameter':
    case 'constant':
      return true
    case 'member':
    case 'index':
      return isAddressable(expr.of)
    default:
      return false
  }
}

/** Lanes that `xyzw` or `rgba` letters select, or null. */
export function swizzleLanes(name: string, size: number): number[] | null {
  for (const letters of ['xyzw', 'rgba']) {
    const lanes = [...name].map((letter) => letters.indexOf(letter))
    if (lanes.length <= 4 && lanes.every((lane) => lane >= 0 && lane < size)) return lanes
  }
  return null
}

/** The components of a vector, for whoever named another. */
export function componentsOf(size: number): string {
  const [coordinates, colours] = ['xyzw', 'rgba'].map((letters) => [...letters.slice(0, size)].join(' '))
  return `its components are ${coordinates} or ${colours}`
}
