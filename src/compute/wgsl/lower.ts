import { classify } from './classify.ts'
import type { Classification } from './classify.ts'
import { valueType } from './emitter.ts'
import type { Emitter } from './emitter.ts'
import type { Fn, Local } from './ir.ts'
import { NO_FUEL } from './layout.ts'
import type { TaskWord } from './layout.ts'
import { get, int, operation } from './low.ts'
import type { Value } from './low.ts'
import type { Context, Location, Slot } from './lower-expression.ts'
import { branchesTo } from './lower-frame.ts'
import type { Frame, Targets } from './lower-frame.ts'
import { StatementLowering } from './lower-statement.ts'
import type { Tables } from './tables.ts'
import { scalarCount, scalarsOf } from './types.ts'
import type { ScalarName, Type } from './types.ts'

/** Writes functions out as low steps, every call in its place. */
export class Lowering implements Frame {
  readonly emitter: Emitter
  readonly tables: Tables
  readonly slots = new Map<Local, Slot>()
  readonly proven: Context['proven'] = new Map()
  /** Local that counts down the fuel of the item at hand; null where nobody counts. */
  readonly fuel: number | null
  readonly task: (word: TaskWord) => Value
  readonly parameter: (offset: number, element: ScalarName) => Value
  readonly #classes = new Map<Fn, Classification>()

  constructor(emitter: Emitter, tables: Tables, fuel: number | null, task: Context['task'], parameter: Context['parameter']) {
    this.emitter = emitter
    this.tables = tables
    this.fuel = fuel
    this.task = task
    this.parameter = parameter
  }

  inline(fn: Fn, args: Location[]): Value[] {
    const { emitter } = this
    let classes = this.#classes.get(fn)
    if (classes === undefined) this.#classes.set(fn, (classes = classify(fn)))
    const result = scalarsOf(fn.returns).map((scalar) => emitter.local(valueType(scalar)))
    emitter.openScope()
    fn.parameters.forEach((parameter, index) => this.#bind(parameter, args[index]!, classes.inMemory.has(parameter)))
    const targets: Targets = {
      result,
      returnLabel: emitter.label(),
      breakLabel: -1,
      continueLabel: -1,
      beforeBreak: null,
      beforeReturn: null,
    }
    const body = emitter.capture(() => this.#body(fn, classes, targets))
    emitter.closeScope()
    // A return at the very end falls out of the block by itself.
    const last = body.at(-1)
    if (last?.kind === 'branch' && last.label === targets.returnLabel && last.condition === null) body.pop()
    if (body.some((step) => branchesTo(step, targets.returnLabel))) emitter.emit({ kind: 'block', label: targets.returnLabel, body })
    else body.forEach((step) => emitter.emit(step))
    return result.map((local) => get(emitter.localTypes[local]!, local))
  }

  #body(fn: Fn, classes: Classification, targets: Targets): void {
    const statements = new StatementLowering(this, classes)
    statements.all(fn.body, targets)
  }

  #bind(parameter: Local, arg: Location, inMemory: boolean): void {
    if (arg.kind === 'memory') {
      this.slots.set(parameter, arg)
    } else if (arg.kind === 'constants') {
      this.slots.set(parameter, { kind: 'memory', base: this.tables.address(arg.values, parameter.type), offset: null })
    } else if (inMemory) {
      this.slots.set(parameter, this.newMemory(parameter.type, arg.values))
    } else {
      this.slots.set(parameter, { kind: 'values', values: arg.values, locals: null })
    }
  }

  newMemory(type: Type, values: Value[] | null): Slot {
    const base = this.emitter.allocate(scalarCount(type) * 4)
    if (values === null) this.emitter.emit({ kind: 'fill', to: int(base), bytes: scalarCount(type) * 4 })
    else this.storeAll({ base, offset: null }, values)
    return { kind: 'memory', base, offset: null }
  }

  storeAll(at: { base: number; offset: Value | null }, values: Value[]): void {
    const address = at.offset === null ? int(0) : this.emitter.pin(at.offset)
    values.forEach((value, index) => this.emitter.emit({ kind: 'store', type: value.type, address, offset: at.base + index * 4, value }))
  }

  /** Takes fuel for so many rounds; leaves the whole run when there is not enough. */
  spend(rounds: number): void {
    const { emitter, fuel } = this
    if (fuel === null) return
    emitter.set(fuel, operation('i32.sub', get('i32', fuel), int(rounds)))
    emitter.emit({
      kind: 'if',
      condition: operation('i32.lt_s', get('i32', fuel), int(0)),
      then: [{ kind: 'exit', value: int(NO_FUEL) }],
      else: [],
    })
  }
}
