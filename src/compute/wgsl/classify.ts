import type { Expr, Fn, Local, LoopStmt, Stmt } from './ir.ts'
import { breaksOut } from './check-statement.ts'
import { measureStatements } from './measure.ts'
import { scalarCount } from './types.ts'
import type { Type } from './types.ts'
import { bodiesOf, forEachStmt, rootsOf, walkExpr } from './walk.ts'

/** A loop is written out when its rounds times its operations stay within this. */
const MAX_UNROLLED_OPERATIONS = 6_000
const MAX_UNROLLED_ROUNDS = 80
/** An array variable of more words stays in memory even where every index is known. */
const MAX_SPREAD_WORDS = 128

/** How the WebAssembly back end treats the loops and arrays of a function. */
export interface Classification {
  unrolled: Set<LoopStmt>
  /** Variables that must lie in memory because an index into them is computed. */
  inMemory: Set<Local>
}

export function classify(fn: Fn): Classification {
  const unrolled = new Set<LoopStmt>()
  chooseLoops(fn.body, unrolled)
  const constant = new Set<Local>()
  for (const loop of unrolled) constant.add(loop.counted!.local)
  const inMemory = new Set<Local>()
  forEachStmt(fn.body, (statement) => {
    if (statement.op === 'declare') placeByType(statement.local, inMemory)
    if (
      statement.op === 'assign' &&
      statement.place.path.some(
        (step, depth) =>
          step.kind === 'index' && indexesArray(statement.place.local.type, statement.place.path, depth) && !isKnown(step.index, constant),
      )
    ) {
      inMemory.add(statement.place.local)
    }
    for (const root of rootsOf(statement)) walkExpr(root, (expr) => noteIndex(expr, constant, inMemory))
  })
  for (const parameter of fn.parameters) placeByType(parameter, inMemory)
  return { unrolled, inMemory }
}

function placeByType(local: Local, inMemory: Set<Local>): void {
  if (scalarCount(local.type) > MAX_SPREAD_WORDS) inMemory.add(local)
}

function indexesArray(root: Type, path: { kind: string; member?: number }[], depth: number): boolean {
  let type = root
  for (const step of path.slice(0, depth)) {
    if (type.kind === 'struct') type = type.members[step.member ?? 0]!.type
    else if (type.kind === 'array') type = type.element
  }
  return type.kind === 'array'
}

function noteIndex(expr: Expr, constant: Set<Local>, inMemory: Set<Local>): void {
  if (expr.op !== 'index' || expr.of.type.kind !== 'array' || isKnown(expr.index, constant)) return
  let root = expr.of
  while (root.op === 'index' || root.op === 'member') root = root.of
  if (root.op === 'local') inMemory.add(root.local)
}

/** True when the index is a constant once the chosen loops are written out. */
function isKnown(index: Expr, constant: Set<Local>): boolean {
  switch (index.op) {
    case 'constant':
      return true
    case 'local':
      return constant.has(index.local)
    case 'binary':
      return isKnown(index.a, constant) && isKnown(index.b, constant)
    case 'convert':
    case 'bitcast':
      return isKnown(index.a, constant)
    default:
      return false
  }
}

/** Inner loops first; returns the operations of the statements with the chosen loops written out. */
function chooseLoops(statements: Stmt[], unrolled: Set<LoopStmt>): number {
  let operations = 0
  for (const statement of statements) {
    const inner = bodiesOf(statement).reduce((sum, body) => sum + chooseLoops(body, unrolled), 0)
    operations += measureStatements([statement], false) + inner
    if (statement.op !== 'loop' || statement.counted === null) continue
    const rounds = statement.counted.values.length
    if (rounds > MAX_UNROLLED_ROUNDS || rounds * (inner + 1) > MAX_UNROLLED_OPERATIONS || breaksOut(statement.body)) continue
    unrolled.add(statement)
    operations += (rounds - 1) * inner
  }
  return operations
}
