import { evaluateOther, evaluateUniform, isUniform } from './builtins.ts'
import type { Constant, Expr } from './ir.ts'
import { arithmetic, bitsOf, comparison, convertScalar, fromBits } from './scalar.ts'
import { componentOf, scalarCount } from './types.ts'
import type { ScalarName, Type } from './types.ts'

/**
 * Value of an operation whose operands have these values, each a flat list of scalars.
 * Operations that depend on anything but their operands (locals, calls, input) are not for this function.
 */
export function applyOperation(expr: Expr, operands: Constant[]): Constant {
  const [a, b] = operands as [Constant, Constant]
  switch (expr.op) {
    case 'negate':
      return a.map((value) => arithmeticOf(expr.type, '-', zeroFor(expr.type), value))
    case 'complement':
      return a.map((value) => (componentOf(expr.type) === 'u32' ? ~value >>> 0 : ~value))
    case 'not':
      return a.map((value) => 1 - value)
    case 'binary':
      return a.map((value, lane) => arithmeticOf(expr.type, expr.operator, value, b[lane]!))
    case 'compare':
      return a.map((value, lane) => comparison(expr.operator, value, b[lane]!))
    case 'logic':
      return [expr.operator === '&&' ? a[0]! & b[0]! : a[0]! | b[0]!]
    case 'construct':
      return operands.flat()
    case 'splat':
      return Array.from({ length: scalarCount(expr.type) }, () => a[0]!)
    case 'convert':
      return a.map((value) => convertScalar(value, componentOf(expr.a.type)!, componentOf(expr.type)!))
    case 'bitcast':
      return a.map((value) => fromBits(bitsOf(value, componentOf(expr.a.type)!), componentOf(expr.type)!))
    case 'swizzle':
      return expr.lanes.map((lane) => a[lane]!)
    case 'member': {
      const { type } = expr.of
      if (type.kind !== 'struct') throw new Error('a member of what is no struct')
      const start = type.members.slice(0, expr.member).reduce((sum, member) => sum + scalarCount(member.type), 0)
      return a.slice(start, start + scalarCount(expr.type))
    }
    case 'index': {
      const size = scalarCount(expr.type)
      const last = a.length / size - 1
      const start = Math.min(b[0]! >>> 0, last) * size
      return a.slice(start, start + size)
    }
    case 'builtin':
      return applyBuiltin(
        expr.name,
        operands,
        expr.args.map((arg) => arg.type),
      )
    default:
      throw new Error(`${expr.op} has no value of its own`)
  }
}

function applyBuiltin(name: string, operands: Constant[], types: Type[]): Constant {
  const component = componentOf(types[0]!)!
  if (!isUniform(name)) return evaluateOther(name, operands, component)
  return operands[0]!.map((_, lane) =>
    evaluateUniform(
      name,
      operands.map((operand) => operand[lane]!),
      component,
    ),
  )
}

function zeroFor(type: Type): number {
  // -0.0 - x keeps the sign of zero that a negation of a float must have.
  const component = componentOf(type)
  return component === 'f32' || component === 'abstractFloat' ? -0 : 0
}

type Arithmetic = Parameters<typeof arithmetic>[0]

function arithmeticOf(type: Type, operator: Arithmetic, a: number, b: number): number {
  const component = componentOf(type) as ScalarName
  if (component === 'abstractInt') return abstractArithmetic(operator, a, b)
  if (component === 'abstractFloat') {
    switch (operator) {
      case '+':
        return a + b
      case '-':
        return a - b
      case '*':
        return a * b
      case '/':
        return a / b
      default:
        return a % b
    }
  }
  return arithmetic(operator, a, b, component)
}

/** Exact; a result beyond 2^53 comes back as an unsafe integer, which the checker refuses. */
function abstractArithmetic(operator: Arithmetic, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return Math.trunc(a / b) + 0
    case '%':
      return (a % b) + 0
    case '<<':
      return b > 63 ? Number.NaN : a * 2 ** b
    case '>>':
      return Math.floor(a / 2 ** b)
    case '&':
      return Number(BigInt(a) & BigInt(b))
    case '|':
      return Number(BigInt(a) | BigInt(b))
    case '^':
      return Number(BigInt(a) ^ BigInt(b))
  }
}
