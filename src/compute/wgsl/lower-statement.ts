import { breaksOut } from './check-statement.ts'
import type { Classification } from './classify.ts'
import { findInnerLoop } from './inner-loop.ts'
import type { Expr, Local, LoopStmt, Stmt } from './ir.ts'
import { int, isConstant, operation } from './low.ts'
import type { Value } from './low.ts'
import { lowerExpr } from './lower-expression.ts'
import { branchesTo, leavesEarly } from './lower-frame.ts'
import type { Frame, Targets } from './lower-frame.ts'
import { writeInnerLoop } from './lower-loop.ts'
import { VariableLowering } from './lower-variable.ts'

/** Statements of one function as low steps. */
export class StatementLowering {
  readonly #lowering: Frame
  readonly #variables: VariableLowering
  readonly #classes: Classification

  constructor(lowering: Frame, classes: Classification) {
    this.#lowering = lowering
    this.#variables = new VariableLowering(lowering, classes)
    this.#classes = classes
  }

  /** Lowers statements in a scope of their own; false when control cannot reach their end. */
  all(statements: Stmt[], targets: Targets): boolean {
    const { emitter } = this.#lowering
    emitter.openScope()
    const reached = statements.every((statement) => this.#one(statement, targets))
    emitter.closeScope()
    return reached
  }

  #one(statement: Stmt, targets: Targets): boolean {
    const { emitter } = this.#lowering
    switch (statement.op) {
      case 'declare':
        this.#variables.declare(statement.local, statement.value)
        return true
      case 'assign':
        this.#variables.assign(statement.place, statement.value)
        return true
      case 'block':
        return this.all(statement.body, targets)
      case 'if':
        return this.#if(statement, targets)
      case 'switch':
        return this.#switch(statement, targets)
      case 'loop':
        return this.#loop(statement, targets)
      case 'return': {
        const values = lowerExpr(this.#lowering, statement.value)
        values.forEach((value, index) => emitter.set(targets.result[index]!, value))
        targets.beforeReturn?.()
        return this.#branch(targets.returnLabel)
      }
      case 'break':
        targets.beforeBreak?.()
        return this.#branch(targets.breakLabel)
      case 'continue':
        return this.#branch(targets.continueLabel)
    }
  }

  #branch(label: number): boolean {
    this.#lowering.emitter.emit({ kind: 'branch', label, condition: null })
    return false
  }

  #if(statement: Stmt & { op: 'if' }, targets: Targets): boolean {
    const { emitter } = this.#lowering
    const condition = lowerExpr(this.#lowering, statement.condition)[0]!
    if (isConstant(condition)) return this.all(condition.value !== 0 ? statement.then : statement.else, targets)
    const reached = { then: true, else: true }
    const then = emitter.capture(() => (reached.then = this.all(statement.then, targets)))
    const otherwise = emitter.capture(() => (reached.else = this.all(statement.else, targets)))
    if (then.length === 0 && otherwise.length > 0)
      emitter.emit({ kind: 'if', condition: operation('i32.eqz', condition), then: otherwise, else: [] })
    else if (then.length > 0) emitter.emit({ kind: 'if', condition, then, else: otherwise })
    return reached.then || reached.else
  }

  #switch(statement: Stmt & { op: 'switch' }, targets: Targets): boolean {
    const { emitter } = this.#lowering
    const selector = emitter.pin(lowerExpr(this.#lowering, statement.selector)[0]!)
    const breakLabel = emitter.label()
    const inner = { ...targets, breakLabel, beforeBreak: null }
    let reached = statement.cases.some((entry) => breaksOut(entry.body))
    // One case after the other: nested in each other, a thousand of them would be too deep to walk.
    const body = emitter.capture(() => {
      for (const entry of statement.cases) {
        if (entry.isDefault) continue
        const then = emitter.capture(() => {
          if (!this.all(entry.body, inner)) return
          reached = true
          emitter.emit({ kind: 'branch', label: breakLabel, condition: null })
        })
        const condition = anyOf(entry.values.map((value) => operation('i32.eq', selector, int(value))))
        if (!isConstant(condition)) emitter.emit({ kind: 'if', condition, then, else: [] })
        else if (condition.value !== 0) {
          then.forEach((step) => emitter.emit(step))
          return
        }
      }
      reached = this.all(statement.cases.find((entry) => entry.isDefault)!.body, inner) || reached
    })
    emitter.emit({ kind: 'block', label: breakLabel, body })
    return reached
  }

  #loop(loop: LoopStmt, targets: Targets): boolean {
    if (loop.counted !== null && this.#classes.unrolled.has(loop)) return this.#unrolled(loop, loop.counted, targets)
    const found = findInnerLoop(loop)
    if (found !== null) {
      const write = { body: this.#continuable.bind(this), step: this.all.bind(this) }
      writeInnerLoop(this.#lowering, loop, found, targets, write)
      return true
    }
    const lowering = this.#lowering
    const { emitter } = lowering
    const inner: Targets = {
      ...targets,
      breakLabel: emitter.label(),
      continueLabel: emitter.label(),
      beforeBreak: null,
      beforeReturn: null,
    }
    const top = emitter.label()
    // Rounds that surely all happen are paid for at once.
    const known = loop.counted !== null && !leavesEarly(loop.body)
    if (known) lowering.spend(loop.counted!.values.length)
    const bounded = loop.counted === null ? null : this.#boundOf(loop.counted)
    emitter.openScope()
    const body = emitter.capture(() => {
      if (loop.condition !== null) this.#leaveUnless(loop.condition, inner.breakLabel)
      if (bounded !== null) emitter.bounds.set(bounded.local, bounded.most)
      if (!known) lowering.spend(1)
      this.#continuable(loop.body, inner)
      if (bounded !== null) emitter.bounds.delete(bounded.local)
      this.all(loop.continuing, inner)
      if (loop.breakIf !== null) {
        emitter.emit({ kind: 'branch', label: inner.breakLabel, condition: lowerExpr(lowering, loop.breakIf)[0]! })
      }
      emitter.emit({ kind: 'branch', label: top, condition: null })
    })
    emitter.closeScope()
    emitter.emit({ kind: 'block', label: inner.breakLabel, body: [{ kind: 'loop', label: top, body }] })
    return loop.condition !== null || loop.breakIf !== null || breaksOut(loop.body)
  }

  #boundOf(counted: { local: Local; values: number[] }): { local: number; most: number } | null {
    const slot = this.#lowering.slots.get(counted.local)
    const least = Math.min(...counted.values)
    if (slot?.kind !== 'values' || slot.locals === null || !(least >= 0)) return null
    return { local: slot.locals[0]!, most: Math.max(...counted.values) }
  }

  #leaveUnless(condition: Expr, label: number): void {
    const { emitter } = this.#lowering
    emitter.emit({ kind: 'branch', label, condition: operation('i32.eqz', lowerExpr(this.#lowering, condition)[0]!) })
  }

  #continuable(body: Stmt[], targets: Targets): void {
    const { emitter } = this.#lowering
    const steps = emitter.capture(() => this.all(body, targets))
    if (steps.some((step) => branchesTo(step, targets.continueLabel)))
      emitter.emit({ kind: 'block', label: targets.continueLabel, body: steps })
    else steps.forEach((step) => emitter.emit(step))
  }

  #unrolled(loop: LoopStmt, counted: { local: Local; values: number[] }, targets: Targets): boolean {
    const lowering = this.#lowering
    const together = !leavesEarly(loop.body)
    if (together && counted.values.length > 0) lowering.spend(counted.values.length)
    for (const value of counted.values) {
      if (!together) lowering.spend(1)
      const inner: Targets = { ...targets, continueLabel: lowering.emitter.label(), beforeBreak: null }
      lowering.slots.set(counted.local, { kind: 'values', values: [int(value)], locals: null })
      this.#continuable(loop.body, inner)
    }
    return true
  }
}

/** True where one of the conditions is: a tree as flat as possible. */
function anyOf(conditions: Value[]): Value {
  if (conditions.length === 1) return conditions[0]!
  const half = conditions.length >> 1
  return operation('i32.or', anyOf(conditions.slice(0, half)), anyOf(conditions.slice(half)))
}
