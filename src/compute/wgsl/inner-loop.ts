import { assigns } from './counted.ts'
import type { Expr, Fn, Local, LoopStmt, Stmt } from './ir.ts'
import { forEachExpr, forEachStmt, walkExpr } from './walk.ts'

/**
 * An innermost loop that counts a variable up by one to a bound: what it costs is known from the variable, and
 * an index that grows with the variable can be checked once for all rounds.
 */
export interface InnerLoop {
  local: Local
  /** Does not change while the loop runs. */
  bound: Expr
  signed: boolean
  /** Reads at `offset + variable` (offset null: at the variable), where offset does not change while the loop runs. */
  reads: { read: Expr & { op: 'input' | 'index' }; offset: Expr | null }[]
}

/** Expression nodes beyond which a loop is not written out twice. */
const MAX_TWICE = 120

/** What is known of a loop, or null when it is not of this kind. */
export function findInnerLoop(loop: LoopStmt): InnerLoop | null {
  const { condition, body, continuing, breakIf } = loop
  const step = continuing[0]
  if (condition?.op !== 'compare' || condition.operator !== '<' || condition.a.op !== 'local' || breakIf !== null) return null
  const { local } = condition.a
  if (continuing.length !== 1 || step?.op !== 'assign' || step.place.local !== local || step.place.path.length > 0) return null
  if (!isNext(step.value, local) || assigns(body, local) || hasLoop(body)) return null
  if (!isFixed(condition.b, body, local)) return null
  const signed = local.type.kind === 'scalar' && local.type.name === 'i32'
  return { local, bound: condition.b, signed, reads: signed ? [] : findReads(body, local) }
}

function isNext(value: Expr, local: Local): boolean {
  return (
    value.op === 'binary' &&
    value.operator === '+' &&
    value.a.op === 'local' &&
    value.a.local === local &&
    value.b.op === 'constant' &&
    value.b.value[0] === 1
  )
}

function hasLoop(statements: Stmt[]): boolean {
  let found = false
  forEachStmt(statements, (statement) => {
    if (statement.op === 'loop') found = true
  })
  forEachExpr(statements, (expr) => {
    if (expr.op === 'call' && callsLoop(expr.callee)) found = true
  })
  return found
}

function callsLoop(fn: Fn): boolean {
  return hasLoop(fn.body)
}

/** True when the value is cheap and nothing in the body changes it. */
function isFixed(expr: Expr, body: Stmt[], counter: Local): boolean {
  const declared = new Set<Local>()
  forEachStmt(body, (statement) => {
    if (statement.op === 'declare') declared.add(statement.local)
  })
  let fixed = true
  let size = 0
  walkExpr(expr, (node) => {
    size++
    switch (node.op) {
      case 'constant':
      case 'tile':
        return
      case 'parameter':
        if (node.slot.length !== null) fixed = false
        return
      case 'local':
        if (node.local === counter || declared.has(node.local) || assigns(body, node.local)) fixed = false
        return
      case 'binary':
      case 'convert':
      case 'bitcast':
      case 'swizzle':
        return
      default:
        fixed = false
    }
  })
  return fixed && size <= 8
}

function findReads(body: Stmt[], counter: Local): InnerLoop['reads'] {
  const reads: InnerLoop['reads'] = []
  let size = 0
  forEachExpr(body, (expr) => {
    size++
    if (expr.op !== 'input' && !(expr.op === 'index' && expr.of.op === 'parameter')) return
    const { index } = expr
    const isCounter = (side: Expr) => side.op === 'local' && side.local === counter
    if (isCounter(index)) reads.push({ read: expr, offset: null })
    else if (index.op === 'binary' && index.operator === '+') {
      const offset = isCounter(index.b) ? index.a : isCounter(index.a) ? index.b : null
      if (offset !== null && isFixed(offset, body, counter)) reads.push({ read: expr, offset })
    }
  })
  return size <= MAX_TWICE ? reads : []
}
