import type { Classification } from './classify.ts'
import { valueType } from './emitter.ts'
import type { Expr, Local, Place } from './ir.ts'
import { get, int, isConstant, operation, reads } from './low.ts'
import type { Value } from './low.ts'
import { element, locate, lowerExpr, memberStart, part } from './lower-expression.ts'
import type { Location, Slot } from './lower-expression.ts'
import { address } from './lower-frame.ts'
import type { Frame } from './lower-frame.ts'
import { scalarCount, scalarsOf } from './types.ts'
import type { Type } from './types.ts'

/** Declarations and assignments of one function. */
export class VariableLowering {
  readonly #lowering: Frame
  readonly #classes: Classification

  constructor(lowering: Frame, classes: Classification) {
    this.#lowering = lowering
    this.#classes = classes
  }

  declare(local: Local, value: Expr | null): void {
    const lowering = this.#lowering
    const { emitter } = lowering
    if (this.#classes.inMemory.has(local)) {
      const slot = this.#declareMemory(local, value)
      lowering.slots.set(local, slot)
      return
    }
    const values = value === null ? zeros(local.type) : lowerExpr(lowering, value)
    if (!local.mutable) {
      lowering.slots.set(local, { kind: 'values', values: values.map((entry) => emitter.fresh(entry)), locals: null })
      return
    }
    const locals = values.map((entry) => emitter.local(entry.type))
    values.forEach((entry, index) => emitter.set(locals[index]!, entry))
    lowering.slots.set(local, { kind: 'values', values: locals.map((index) => get(emitter.localTypes[index]!, index)), locals })
  }

  #declareMemory(local: Local, value: Expr | null): Slot {
    const lowering = this.#lowering
    if (value === null) return lowering.newMemory(local.type, null)
    const source = locate(lowering, value)
    if (source.kind === 'values') return lowering.newMemory(local.type, source.values)
    const base = lowering.emitter.allocate(scalarCount(local.type) * 4)
    this.#copy({ base, offset: null }, source, local.type)
    return { kind: 'memory', base, offset: null }
  }

  #copy(to: { base: number; offset: Value | null }, source: Location & { kind: 'memory' | 'constants' }, type: Type): void {
    const { emitter, tables } = this.#lowering
    const from = source.kind === 'memory' ? source : { base: tables.address(source.values, type), offset: null }
    emitter.emit({ kind: 'copy', to: address(to), from: address(from), bytes: scalarCount(type) * 4 })
  }

  assign(place: Place, expr: Expr): void {
    const lowering = this.#lowering
    const { emitter } = lowering
    const slot = lowering.slots.get(place.local)!
    if (slot.kind === 'memory') {
      const to = this.#memoryPlace(slot, place)
      const source = scalarCount(place.type) > 8 ? locate(lowering, expr) : null
      if (source !== null && source.kind !== 'values') this.#copy(to, source, place.type)
      else lowering.storeAll(to, this.#safe(source?.values ?? lowerExpr(lowering, expr)))
      return
    }
    let { start, count, lane } = { start: 0, count: scalarCount(place.local.type), lane: null as Value | null }
    let type: Type = place.local.type
    for (const step of place.path) {
      if (step.kind === 'member' && type.kind === 'struct') {
        start += memberStart(type, step.member)
        type = type.members[step.member]!.type
        count = scalarCount(type)
      } else if (step.kind === 'index') {
        const index = lowerExpr(lowering, step.index)[0]!
        const length = type.kind === 'array' ? type.length : scalarCount(type)
        const size = scalarCount(type) / length
        if (isConstant(index)) {
          start += Math.min(index.value >>> 0, length - 1) * size
          count = size
        } else lane = emitter.pin(index)
        if (type.kind === 'array') type = type.element
      }
    }
    const targets = slot.locals!.slice(start, start + count)
    const values = lowerExpr(lowering, expr)
    if (lane !== null) {
      this.#assignLane(targets, lane, values[0]!)
      return
    }
    const conflict = targets.length > 1 && values.some((value) => reads(value, new Set(targets)))
    const stable = conflict ? values.map((value) => emitter.fresh(value)) : values
    stable.forEach((value, index) => emitter.set(targets[index]!, value))
  }

  /** Writes the component of a vector that a computed index selects. */
  #assignLane(targets: number[], lane: Value, value: Value): void {
    const { emitter } = this.#lowering
    const stable = emitter.fresh(value)
    targets.forEach((target, index) => {
      const last = index === targets.length - 1
      const chosen = last ? operation('i32.ge_u', lane, int(index)) : operation('i32.eq', lane, int(index))
      emitter.set(target, operation('select', stable, get(stable.type, target), chosen))
    })
  }

  /** Several words are read before the first is written. */
  #safe(values: Value[]): Value[] {
    return values.length === 1
      ? values
      : values.map((value) => (value.kind === 'load' || value.kind === 'operation' ? this.#lowering.emitter.fresh(value) : value))
  }

  #memoryPlace(slot: Slot & { kind: 'memory' }, place: Place): { base: number; offset: Value | null } {
    let at: Location = { kind: 'memory', base: slot.base, offset: slot.offset }
    let type: Type = place.local.type
    for (const step of place.path) {
      if (step.kind === 'member' && type.kind === 'struct') {
        at = part(at, memberStart(type, step.member), 0)
        type = type.members[step.member]!.type
      } else if (step.kind === 'index') {
        at = element(this.#lowering, at, type, lowerExpr(this.#lowering, step.index)[0]!)
        type = type.kind === 'array' ? type.element : { kind: 'scalar', name: 'u32' }
      }
    }
    return at as Location & { kind: 'memory' }
  }
}

function zeros(type: Type): Value[] {
  return scalarsOf(type).map((scalar) => ({ kind: 'constant', type: valueType(scalar), value: 0 }))
}
