import type { Expr, Fn, Stmt } from './ir.ts'
import { scalarCount } from './types.ts'
import { forEachExpr, forEachStmt, rootsOf, walkExpr } from './walk.ts'

/** What a function costs once every call in it is written out. */
export interface FunctionSize {
  operations: number
  /** Longest chain of calls below it. */
  depth: number
  /** Words of its variables and those of what it calls. */
  words: number
  reached: Set<Fn>
}

/** Size of a function whose callees are measured already. */
export function measure(fn: Fn, sizes: Map<Fn, FunctionSize>): FunctionSize {
  const size: FunctionSize = { operations: 1, depth: 0, words: 0, reached: new Set() }
  for (const parameter of fn.parameters) size.words += scalarCount(parameter.type)
  forEachStmt(fn.body, (statement) => {
    size.operations += statementCost(statement)
    if (statement.op === 'declare') size.words += scalarCount(statement.local.type)
  })
  forEachExpr(fn.body, (expr) => {
    size.operations += expressionCost(expr)
    if (expr.op !== 'call') return
    const callee = sizes.get(expr.callee)!
    size.operations += callee.operations
    size.words += callee.words
    size.depth = Math.max(size.depth, callee.depth + 1)
    size.reached.add(expr.callee)
    for (const fn of callee.reached) size.reached.add(fn)
  })
  return size
}

/** Operations of statements without what they call; `deep` counts the statements inside them as well. */
export function measureStatements(statements: Stmt[], deep: boolean): number {
  let operations = 0
  const count = (statement: Stmt): void => {
    operations += statementCost(statement)
    for (const root of rootsOf(statement)) {
      walkExpr(root, (expr) => {
        operations += expressionCost(expr) + (expr.op === 'call' ? measureStatements(expr.callee.body, true) : 0)
      })
    }
  }
  if (deep) forEachStmt(statements, count)
  else statements.forEach(count)
  return operations
}

function statementCost(statement: Stmt): number {
  if (statement.op === 'assign') return scalarCount(statement.place.type)
  return statement.op === 'declare' ? scalarCount(statement.local.type) : 1
}

/** One per scalar computed; what is only indexed or selected from costs nothing by itself. */
function expressionCost(expr: Expr): number {
  const own = scalarCount(expr.type)
  return expr.op === 'index' || expr.op === 'member' || expr.op === 'swizzle' ? own + 1 - scalarCount(expr.of.type) : own
}
