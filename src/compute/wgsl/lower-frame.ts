import { breaksOut } from './check-statement.ts'
import type { Stmt } from './ir.ts'
import { int, operation } from './low.ts'
import type { Step, Value } from './low.ts'
import type { Context, Slot } from './lower-expression.ts'
import type { Type } from './types.ts'

/** What the statements of a function need from the whole that they are written into. */
export interface Frame extends Context {
  /** Local that counts down the fuel of the item at hand; null where nobody counts. */
  readonly fuel: number | null
  /** Takes fuel for so many rounds; leaves the item when there is not enough. */
  spend(rounds: number): void
  /** A variable in memory, filled with zeros or with these scalars. */
  newMemory(type: Type, values: Value[] | null): Slot
  storeAll(at: { base: number; offset: Value | null }, values: Value[]): void
}

/** Where `return`, `break` and `continue` lead. */
export interface Targets {
  result: number[]
  returnLabel: number
  breakLabel: number
  continueLabel: number
  /** Pays for the rounds of a loop that is left early, before the branch. */
  beforeBreak: (() => void) | null
  beforeReturn: (() => void) | null
}

/** True when the step, or one inside it, branches to the label. */
export function branchesTo(step: Step, label: number): boolean {
  switch (step.kind) {
    case 'branch':
      return step.label === label
    case 'if':
      return step.then.some((inner) => branchesTo(inner, label)) || step.else.some((inner) => branchesTo(inner, label))
    case 'block':
    case 'loop':
      return step.body.some((inner) => branchesTo(inner, label))
    default:
      return false
  }
}

/** True when the statements can leave their loop before its condition does. */
export function leavesEarly(statements: Stmt[]): boolean {
  return breaksOut(statements) || returns(statements)
}

function returns(statements: Stmt[]): boolean {
  return statements.some((statement) => {
    switch (statement.op) {
      case 'return':
        return true
      case 'if':
        return returns(statement.then) || returns(statement.else)
      case 'switch':
        return statement.cases.some((entry) => returns(entry.body))
      case 'loop':
        return returns(statement.body)
      case 'block':
        return returns(statement.body)
      default:
        return false
    }
  })
}

/** Address of a place in memory, bytes. */
export function address(at: { base: number; offset: Value | null }): Value {
  return at.offset === null ? int(at.base) : operation('i32.add', at.offset, int(at.base))
}
