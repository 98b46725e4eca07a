import { applyOperation } from './fold.ts'
import type { Expr, Local, LoopStmt, Stmt } from './ir.ts'

/** Rounds up to which a loop's values are listed. */
const MAX_LISTED_ROUNDS = 4096

/**
 * The values that the variable of `for (var i = a; i < b; i += c)` takes, where a, b and c are constant and only the
 * step writes i; null for any other loop.
 */
export function findCounted(init: Stmt | null, loop: LoopStmt): LoopStmt['counted'] {
  const step = loop.continuing[0]
  if (init?.op !== 'declare' || init.value?.op !== 'constant' || loop.condition === null || loop.breakIf !== null) return null
  const { local } = init
  if (local.type.kind !== 'scalar' || step?.op !== 'assign' || loop.continuing.length !== 1) return null
  if (step.place.local !== local || assigns(loop.body, local)) return null
  const values: number[] = []
  let value = init.value.value[0]!
  for (;;) {
    const goes = evaluate(loop.condition, local, value)
    if (goes === null) return null
    if (goes === 0) return { local, values }
    if (values.length >= MAX_LISTED_ROUNDS) return null
    values.push(value)
    const next = evaluate(step.value, local, value)
    if (next === null) return null
    value = next
  }
}

/** Value of an expression that depends on one variable only; null where it depends on more. */
function evaluate(expr: Expr, local: Local, value: number): number | null {
  switch (expr.op) {
    case 'constant':
      return expr.value.length === 1 ? expr.value[0]! : null
    case 'local':
      return expr.local === local ? value : null
    case 'binary':
    case 'compare': {
      const a = evaluate(expr.a, local, value)
      const b = evaluate(expr.b, local, value)
      return a === null || b === null ? null : applyOperation(expr, [[a], [b]])[0]!
    }
    default:
      return null
  }
}

/** True when one of the statements writes the variable. */
export function assigns(statements: Stmt[], local: Local): boolean {
  return statements.some((statement) => {
    switch (statement.op) {
      case 'assign':
        return statement.place.local === local
      case 'if':
        return assigns(statement.then, local) || assigns(statement.else, local)
      case 'switch':
        return statement.cases.some((entry) => assigns(entry.body, local))
      case 'loop':
        return assigns(statement.body, local) || assigns(statement.continuing, local)
      case 'block':
        return assigns(statement.body, local)
      default:
        return false
    }
  })
}
