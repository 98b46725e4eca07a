import type { KernelManifest } from '../../domain/kernel.ts'
import { MAX_ITEM_FUEL } from '../limits.ts'
import { applyOperation } from '../wgsl/fold.ts'
import type { Constant, Expr, Fn, Local, Place, Program, Stmt } from '../wgsl/ir.ts'
import { bitsOf, fromBits } from '../wgsl/scalar.ts'
import { componentOf, scalarCount, scalarsOf } from '../wgsl/types.ts'
import type { Type } from '../wgsl/types.ts'

/** A run that needs more loop iterations than an item may have. */
export class OutOfFuel extends Error {
  override readonly name = 'OutOfFuel'
}

/** What an item may read beside its index. Words are u32. */
export interface Surroundings {
  parameters: Uint32Array
  input: Uint32Array
  tile: { origin: number[]; size: number[]; width: number; height: number; halo: number }
}

type Flow = 'next' | 'break' | 'continue' | { result: Constant }

/** Walks the checked tree, one item at a time: slow, and as plain as the language's definition. For tests only. */
export class Interpreter {
  readonly #program: Program
  readonly #around: Surroundings
  #variables = new Map<Local, Constant>()
  #rounds = 0
  /** Items and rounds of all runs. */
  fuel = 0
  /** Arithmetic on single numbers, as the source has it: a sum of two vectors of three counts three. */
  operations = 0

  constructor(program: Program, around: Surroundings) {
    this.#program = program
    this.#around = around
  }

  /** Words that one item returns. Throws {@link OutOfFuel}. */
  item(id: [number, number, number]): number[] {
    this.#rounds = 0
    const result = this.#call(this.#program.kernel, [id])
    this.fuel += 1 + this.#rounds
    const scalars = scalarsOf(this.#program.kernel.returns)
    return result.map((value, index) => bitsOf(value, scalars[index]!))
  }

  #call(fn: Fn, args: Constant[]): Constant {
    const outer = this.#variables
    this.#variables = new Map(fn.parameters.map((parameter, index) => [parameter, args[index]!]))
    const flow = this.#all(fn.body)
    this.#variables = outer
    if (typeof flow === 'string') throw new Error(`${fn.name} ended without a result`)
    return flow.result
  }

  #all(statements: Stmt[]): Flow {
    for (const statement of statements) {
      const flow = this.#one(statement)
      if (flow !== 'next') return flow
    }
    return 'next'
  }

  #one(statement: Stmt): Flow {
    switch (statement.op) {
      case 'declare': {
        const { local, value } = statement
        this.#variables.set(local, value === null ? Array.from({ length: scalarCount(local.type) }, () => 0) : [...this.#value(value)])
        return 'next'
      }
      case 'assign':
        this.#assign(statement.place, this.#value(statement.value))
        return 'next'
      case 'block':
        return this.#all(statement.body)
      case 'if':
        return this.#all(this.#value(statement.condition)[0] !== 0 ? statement.then : statement.else)
      case 'switch': {
        const selector = this.#value(statement.selector)[0]!
        const chosen = statement.cases.find((entry) => entry.values.includes(selector)) ?? statement.cases.find((entry) => entry.isDefault)!
        const flow = this.#all(chosen.body)
        return flow === 'break' ? 'next' : flow
      }
      case 'loop':
        return this.#loop(statement)
      case 'return':
        return { result: this.#value(statement.value) }
      case 'break':
      case 'continue':
        return statement.op
    }
  }

  #loop(loop: Stmt & { op: 'loop' }): Flow {
    for (;;) {
      if (loop.condition !== null && this.#value(loop.condition)[0] === 0) return 'next'
      if (++this.#rounds > MAX_ITEM_FUEL) throw new OutOfFuel('an item ran out of fuel')
      const flow = this.#all(loop.body)
      if (flow === 'break') return 'next'
      if (typeof flow === 'object') return flow
      this.#all(loop.continuing)
      if (loop.breakIf !== null && this.#value(loop.breakIf)[0] !== 0) return 'next'
    }
  }

  #assign(place: Place, value: Constant): void {
    let start = 0
    let type: Type = place.local.type
    for (const step of place.path) {
      if (step.kind === 'member' && type.kind === 'struct') {
        start += type.members.slice(0, step.member).reduce((sum, member) => sum + scalarCount(member.type), 0)
        type = type.members[step.member]!.type
      } else if (step.kind === 'index') {
        const length: number = type.kind === 'array' ? type.length : scalarCount(type)
        const size: number = scalarCount(type) / length
        start += Math.min(this.#value(step.index)[0]! >>> 0, length - 1) * size
        type = type.kind === 'array' ? type.element : { kind: 'scalar', name: componentOf(type)! }
      }
    }
    const variable = this.#variables.get(place.local)!
    value.forEach((scalar, index) => (variable[start + index] = scalar))
  }

  #counted(result: Constant): Constant {
    this.operations += result.length
    return result
  }

  #value(expr: Expr): Constant {
    switch (expr.op) {
      case 'constant':
        return expr.value
      case 'local':
        return [...this.#variables.get(expr.local)!]
      case 'parameter': {
        const { offset, length, element } = expr.slot
        return Array.from(this.#around.parameters.subarray(offset, offset + (length ?? 1)), (word) => fromBits(word, element))
      }
      case 'tile': {
        const value = this.#around.tile[expr.field]
        return typeof value === 'number' ? [value] : value
      }
      case 'input': {
        const { input } = this.#around
        return [input[Math.min(this.#value(expr.index)[0]! >>> 0, input.length - 1)]!]
      }
      case 'logic': {
        const left = this.#value(expr.a)[0]!
        return (left !== 0) === (expr.operator === '&&') ? this.#value(expr.b) : [left]
      }
      case 'call':
        return this.#call(
          expr.callee,
          expr.args.map((arg) => this.#value(arg)),
        )
      case 'member':
      case 'swizzle':
        return applyOperation(expr, [this.#value(expr.of)])
      case 'index':
        return applyOperation(expr, [this.#value(expr.of), this.#value(expr.index)])
      case 'construct':
        return applyOperation(
          expr,
          expr.args.map((arg) => this.#value(arg)),
        )
      case 'binary':
      case 'compare':
        return this.#counted(applyOperation(expr, [this.#value(expr.a), this.#value(expr.b)]))
      case 'builtin':
        return this.#counted(
          applyOperation(
            expr,
            expr.args.map((arg) => this.#value(arg)),
          ),
        )
      default:
        return this.#counted(applyOperation(expr, [this.#value(expr.a)]))
    }
  }
}

/** Results of a box of items with `concat`, and the fuel they take. */
export function interpret(program: Program, manifest: KernelManifest, around: Surroundings): { words: Uint32Array; fuel: number } {
  if (manifest.reduce !== 'concat') throw new Error('the interpreter knows only "concat"')
  const interpreter = new Interpreter(program, around)
  const { origin, size } = around.tile
  const words: number[] = []
  for (let z = 0; z < size[2]!; z++) {
    for (let y = 0; y < size[1]!; y++) {
      for (let x = 0; x < size[0]!; x++) words.push(...interpreter.item([origin[0]! + x, origin[1]! + y, origin[2]! + z]))
    }
  }
  return { words: new Uint32Array(words), fuel: interpreter.fuel }
}
