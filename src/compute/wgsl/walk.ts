import type { Expr, Stmt } from './ir.ts'

/** Visits every statement, outer before inner. */
export function forEachStmt(statements: Stmt[], visit: (statement: Stmt) => void): void {
  for (const statement of statements) {
    visit(statement)
    for (const body of bodiesOf(statement)) forEachStmt(body, visit)
  }
}

/** Visits every expression in the statements, outer before inner. */
export function forEachExpr(statements: Stmt[], visit: (expr: Expr) => void): void {
  forEachStmt(statements, (statement) => {
    for (const expr of rootsOf(statement)) walkExpr(expr, visit)
  })
}

export function walkExpr(expr: Expr, visit: (expr: Expr) => void): void {
  visit(expr)
  for (const child of childrenOf(expr)) walkExpr(child, visit)
}

/** Blocks directly inside a statement. */
export function bodiesOf(statement: Stmt): Stmt[][] {
  switch (statement.op) {
    case 'if':
      return [statement.then, statement.else]
    case 'switch':
      return statement.cases.map((entry) => entry.body)
    case 'loop':
      return [statement.body, statement.continuing]
    case 'block':
      return [statement.body]
    default:
      return []
  }
}

/** Expressions directly inside a statement. */
export function rootsOf(statement: Stmt): Expr[] {
  switch (statement.op) {
    case 'declare':
      return statement.value === null ? [] : [statement.value]
    case 'assign':
      return [...statement.place.path.flatMap((step) => (step.kind === 'index' ? [step.index] : [])), statement.value]
    case 'if':
      return [statement.condition]
    case 'switch':
      return [statement.selector]
    case 'loop':
      return [statement.condition, statement.breakIf].filter((expr) => expr !== null)
    case 'return':
      return [statement.value]
    default:
      return []
  }
}

/** Operands of an expression. */
export function childrenOf(expr: Expr): Expr[] {
  switch (expr.op) {
    case 'constant':
    case 'local':
    case 'parameter':
    case 'tile':
      return []
    case 'input':
      return [expr.index]
    case 'member':
    case 'swizzle':
      return [expr.of]
    case 'index':
      return [expr.of, expr.index]
    case 'binary':
    case 'compare':
    case 'logic':
      return [expr.a, expr.b]
    case 'call':
    case 'builtin':
    case 'construct':
      return expr.args
    default:
      return [expr.a]
  }
}
