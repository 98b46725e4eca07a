import type { Expr, LoopStmt, Stmt } from './ir.ts'
import type { InnerLoop } from './inner-loop.ts'
import { NO_FUEL } from './layout.ts'
import { get, int, operation } from './low.ts'
import type { Step, Value } from './low.ts'
import type { Emitter } from './emitter.ts'
import { locate, lowerExpr } from './lower-expression.ts'
import type { Location } from './lower-expression.ts'
import { address } from './lower-frame.ts'
import type { Frame, Targets } from './lower-frame.ts'

/** How the statements of a loop are written. */
export interface BodyWriter {
  body(statements: Stmt[], targets: Targets): void
  step(statements: Stmt[], targets: Targets): void
}

/**
 * A loop that pays for all its rounds when it is left: it runs up to its bound or as far as the fuel reaches,
 * whichever is less, so that no round has to count.
 */
export function writeInnerLoop(frame: Frame, loop: LoopStmt, found: InnerLoop, targets: Targets, write: BodyWriter): void {
  const { emitter } = frame
  emitter.openScope()
  const counter = lowerExpr(frame, { op: 'local', at: 0, type: found.local.type, local: found.local })[0]!
  const start = emitter.fresh(counter)
  const bound = emitter.pin(lowerExpr(frame, found.bound)[0]!)
  const limit = frame.fuel === null ? bound : reach(frame.emitter, found, get('i32', frame.fuel), start, bound)
  const rounds = operation('i32.sub', counter, start)
  const pay = (value: Value): void => {
    if (frame.fuel !== null) emitter.set(frame.fuel, operation('i32.sub', get('i32', frame.fuel), value))
  }
  const leave = (): void => pay(operation('i32.add', rounds, int(1)))
  const inner: Targets = { ...targets, breakLabel: emitter.label(), continueLabel: -1, beforeBreak: leave, beforeReturn: leave }
  const version = (): Step[] => {
    const [done, top] = [emitter.label(), emitter.label()]
    const again = { ...inner, continueLabel: emitter.label() }
    const body = emitter.capture(() => {
      const ends = operation(found.signed ? 'i32.ge_s' : 'i32.ge_u', counter, limit)
      emitter.emit({ kind: 'branch', label: done, condition: ends })
      write.body(loop.body, again)
      write.step(loop.continuing, again)
      emitter.emit({ kind: 'branch', label: top, condition: null })
    })
    return [{ kind: 'block', label: done, body: [{ kind: 'loop', label: top, body }] }]
  }
  const whole = emitter.capture(() => {
    if (found.reads.length > 0) writeTwice(frame, found, bound, version)
    else version().forEach((step) => emitter.emit(step))
    pay(rounds)
    if (frame.fuel !== null)
      emitter.emit({ kind: 'if', condition: operation('i32.ne', limit, bound), then: [{ kind: 'exit', value: int(NO_FUEL) }], else: [] })
  })
  emitter.emit({ kind: 'block', label: inner.breakLabel, body: whole })
  emitter.closeScope()
}

/** Where the loop ends: at its bound, or where the fuel does. */
function reach(emitter: Emitter, found: InnerLoop, fuel: Value, start: Value, bound: Value): Value {
  const ahead = operation(found.signed ? 'i32.gt_s' : 'i32.gt_u', bound, start)
  const dear = operation('i32.gt_u', operation('i32.sub', bound, start), fuel)
  return emitter.fresh(operation('select', operation('i32.add', start, fuel), bound, operation('i32.and', ahead, dear)))
}

/** One version without bounds checks for when all reads are inside, one with them for when they may not be. */
function writeTwice(frame: Frame, found: InnerLoop, bound: Value, version: () => Step[]): void {
  const { emitter } = frame
  const last = emitter.pin(operation('i32.sub', bound, int(1)))
  const bases: Value[] = []
  const checks = found.reads.map(({ read, offset }) => {
    const start = read.op === 'input' ? frame.task('inputAddress') : address(locate(frame, read.of) as Location & { kind: 'memory' })
    const end = read.op === 'input' ? frame.task('inputLast') : int((read.of.type.kind === 'array' ? read.of.type.length : 1) - 1)
    const first = offset === null ? int(0) : emitter.pin(lowerExpr(frame, offset)[0]!)
    bases.push(emitter.pin(operation('i32.add', start, operation('i32.shl', first, int(2)))))
    return operation('i32.and', operation('i32.le_u', first, end), operation('i32.le_u', last, operation('i32.sub', end, first)))
  })
  const checked = version()
  const index: Expr = { op: 'local', at: 0, type: found.local.type, local: found.local }
  found.reads.forEach(({ read }, at) => frame.proven.set(read, { base: bases[at]!, index }))
  const unchecked = version()
  for (const { read } of found.reads) frame.proven.delete(read)
  emitter.emit({ kind: 'if', condition: checks.reduce((all, check) => operation('i32.and', all, check)), then: unchecked, else: checked })
}
