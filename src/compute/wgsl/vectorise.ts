import { Emitter } from './emitter.ts'
import type { LowFunction } from './encode.ts'
import { VECTOR_BAIL } from './layout.ts'
import { int, operation, simd } from './low.ts'
import type { Step, Value, ValueType } from './low.ts'
import { NotVectorisable, spreadOf } from './spread.ts'
import type { Spread } from './spread.ts'
import { LANES, VectorWriter } from './vector-value.ts'

/** Items side by side in x: lane k computes item x + k. */
export interface ScalarItem {
  parameters: ValueType[]
  locals: ValueType[]
  /** Steps up to the result, which they leave in values that only read locals. */
  core: Step[]
  result: Value[]
  /** Local that must be the same in all lanes: the fuel. */
  fuel: number
}

/**
 * The same item function for four neighbouring items. Control goes where all four agree; where they do not, the
 * function answers {@link VECTOR_BAIL} before it has written anything, and the caller computes the four one by one.
 * Throws {@link NotVectorisable} for what this cannot express.
 */
export function vectorise(item: ScalarItem, finish: (emitter: Emitter, lanes: Value[][], whole: Value[]) => void): LowFunction {
  const spreads = findSpreads(item)
  if (spreads.get(item.fuel) !== 0) throw new NotVectorisable('items that spend different fuel')
  const emitter = new Emitter(item.parameters, 0)
  emitter.localTypes.push(...item.locals)
  const writer = new VectorWriter(emitter, spreads)
  const body = emitter.capture(() => {
    new StepWriter(emitter, writer).all(item.core)
    const whole = item.result.map((value) => writer.vector(value))
    const pinned = whole.map((value) => emitter.fresh(value))
    const lanes = Array.from({ length: LANES }, (_, lane) =>
      pinned.map((value, index) => writer.lane(value, lane, item.result[index]!.type)),
    )
    finish(emitter, lanes, pinned)
  })
  return { parameters: item.parameters, locals: emitter.declared, body }
}

/** Spread of every local: that of all values it is set to, or free where they differ. */
function findSpreads(item: ScalarItem): Map<number, Spread> {
  const spreads = new Map<number, Spread>(item.parameters.map((_, index) => [index, index === 0 ? 1 : 0]))
  for (let changed = true; changed;) {
    changed = false
    const visit = (steps: Step[]): void => {
      for (const step of steps) {
        if (step.kind === 'set') {
          const found = spreadOf(step.value, spreads)
          if (found === null) continue
          const known = spreads.get(step.local)
          const joined = known === undefined || known === found ? found : 'free'
          if (joined !== known) {
            spreads.set(step.local, joined)
            changed = true
          }
        } else if (step.kind === 'if') {
          visit(step.then)
          visit(step.else)
        } else if (step.kind === 'block' || step.kind === 'loop') visit(step.body)
      }
    }
    visit(item.core)
  }
  return spreads
}

class StepWriter {
  readonly #emitter: Emitter
  readonly #writer: VectorWriter

  constructor(emitter: Emitter, writer: VectorWriter) {
    this.#emitter = emitter
    this.#writer = writer
  }

  all(steps: Step[]): void {
    for (const step of steps) this.#one(step)
  }

  #capture(steps: Step[]): Step[] {
    return this.#emitter.capture(() => this.all(steps))
  }

  #one(step: Step): void {
    const emitter = this.#emitter
    const writer = this.#writer
    switch (step.kind) {
      case 'set': {
        const vector = writer.vectorLocal(step.local)
        if (vector === null) emitter.set(step.local, step.value)
        else emitter.set(vector, writer.vector(step.value))
        return
      }
      case 'if':
        this.#if(step)
        return
      case 'block':
      case 'loop':
        emitter.emit({ ...step, body: this.#capture(step.body) })
        return
      case 'branch': {
        if (step.condition === null || writer.isUniform(step.condition)) {
          emitter.emit(step)
          return
        }
        const lanes = emitter.fresh(simd('i32x4.bitmask', writer.mask(step.condition)))
        emitter.emit({ ...step, condition: operation('i32.eq', lanes, int(15)) })
        emitter.emit({ kind: 'if', condition: lanes, then: [BAIL], else: [] })
        return
      }
      case 'exit':
        if (!writer.isUniform(step.value)) throw new NotVectorisable('items that spend different fuel')
        emitter.emit(step)
        return
      default:
        throw new NotVectorisable(`a variable in memory (${step.kind})`)
    }
  }

  #if(step: Step & { kind: 'if' }): void {
    const emitter = this.#emitter
    const writer = this.#writer
    if (writer.isUniform(step.condition)) {
      emitter.emit({ ...step, then: this.#capture(step.then), else: this.#capture(step.else) })
      return
    }
    const lanes = emitter.fresh(simd('i32x4.bitmask', writer.mask(step.condition)))
    emitter.emit({ kind: 'if', condition: operation('i32.rem_u', lanes, int(15)), then: [BAIL], else: [] })
    emitter.emit({ kind: 'if', condition: lanes, then: this.#capture(step.then), else: this.#capture(step.else) })
  }
}

const BAIL: Step = { kind: 'exit', value: int(VECTOR_BAIL) }
