import { get, isAtom, upperBound } from './low.ts'
import type { Step, Value, ValueType } from './low.ts'
import type { ScalarName } from './types.ts'

export function valueType(scalar: ScalarName): ValueType {
  return scalar === 'f32' ? 'f32' : 'i32'
}

/** Collects steps and hands out locals, labels and memory. Locals and memory of a closed scope are used again. */
export class Emitter {
  readonly localTypes: ValueType[] = []
  /** Largest value, read as unsigned, of locals for which it is known. */
  readonly bounds = new Map<number, number>()
  #steps: Step[] = []
  #labels = 0
  readonly #parameters: number
  readonly #free: Record<ValueType, number[]> = { i32: [], i64: [], f32: [], v128: [] }
  #scopes: { locals: number[]; memory: number }[] = [{ locals: [], memory: 0 }]
  readonly #reuse: boolean
  #memory: number
  #memoryTop: number

  /** `memory`: first byte that variables may use; `reuse`: whether locals of a closed scope are handed out again. */
  constructor(parameters: ValueType[], memory: number, reuse = true) {
    this.#reuse = reuse
    this.localTypes.push(...parameters)
    this.#parameters = parameters.length
    this.#memory = memory
    this.#memoryTop = memory
  }

  /** Types of the locals after the parameters. */
  get declared(): ValueType[] {
    return this.localTypes.slice(this.#parameters)
  }

  /** First byte after all variables. */
  get memoryTop(): number {
    return this.#memoryTop
  }

  openScope(): void {
    this.#scopes.push({ locals: [], memory: this.#memory })
  }

  closeScope(): void {
    const scope = this.#scopes.pop()!
    for (const local of scope.locals) {
      if (this.#reuse) this.#free[this.localTypes[local]!].push(local)
      this.bounds.delete(local)
    }
    this.#memory = scope.memory
  }

  local(type: ValueType): number {
    let index = this.#free[type].pop()
    if (index === undefined) index = this.localTypes.push(type) - 1
    this.#scopes.at(-1)!.locals.push(index)
    return index
  }

  /** Memory for a variable, in bytes from the start. */
  allocate(bytes: number): number {
    const at = this.#memory
    this.#memory += (bytes + 15) & ~15
    this.#memoryTop = Math.max(this.#memoryTop, this.#memory)
    return at
  }

  label(): number {
    return this.#labels++
  }

  emit(step: Step): void {
    this.#steps.push(step)
  }

  set(local: number, value: Value): void {
    this.emit({ kind: 'set', local, value })
  }

  /** The steps that `produce` emits, apart from the others. */
  capture(produce: () => void): Step[] {
    const outer = this.#steps
    this.#steps = []
    produce()
    const captured = this.#steps
    this.#steps = outer
    return captured
  }

  /** A value that may be written out several times: a constant, or a local that nobody writes again. */
  pin(value: Value): Value {
    return isAtom(value) ? value : this.fresh(value)
  }

  /** The value in a local of its own. */
  fresh(value: Value): Value {
    if (value.kind === 'constant') return value
    const local = this.local(value.type)
    const bound = upperBound(value, this.bounds)
    this.set(local, value)
    if (bound < 0xffff_ffff) this.bounds.set(local, bound)
    return get(value.type, local)
  }
}
