import type { Constant, Expr, Place } from './ir.ts'
import type { Names } from './gpu-names.ts'
import { taskWord } from './gpu-prelude.ts'
import type { Tables } from './tables.ts'
import { componentOf, scalarCount } from './types.ts'
import type { ScalarName, Type } from './types.ts'

/** Operators that every browser computes rightly on whole vectors; the others are written lane by lane. */
const WHOLE = new Set(['+', '-', '*'])
/** Builtins that are written lane by lane. */
const BY_LANES = new Set([
  'select',
  'multiplyHigh',
  'countOneBits',
  'countLeadingZeros',
  'countTrailingZeros',
  'reverseBits',
  'firstLeadingBit',
  'firstTrailingBit',
  'extractBits',
  'insertBits',
])

/** Writes expressions as WGSL, fully parenthesised, with every computed index clamped. */
export class GpuExpressions {
  readonly #names: Names
  readonly #tables: Tables
  readonly #tablesAt: number
  readonly #helpers = new Map<string, { name: string; text: string }>()

  /** `tablesAt`: word of the constants buffer at which the tables begin. */
  constructor(names: Names, tables: Tables, tablesAt: number) {
    this.#names = names
    this.#tables = tables
    this.#tablesAt = tablesAt
  }

  /** Functions that the expressions call; complete once everything is written. */
  helperFunctions(): string[] {
    return [...this.#helpers.values()].map(({ text }) => text)
  }

  write(expr: Expr): string {
    const type = this.#names.type(expr.type)
    switch (expr.op) {
      case 'constant':
        return this.#constant(expr.value, expr.type)
      case 'local':
        return this.#names.local(expr.local)
      case 'parameter': {
        const { offset, length, element } = expr.slot
        if (length === null) return fromWord(`constants_[${offset}]`, element)
        const words = Array.from({ length }, (_, index) => fromWord(`constants_[${offset + index}]`, element))
        return `${type}(${words.join(', ')})`
      }
      case 'tile':
        return this.#tile(expr.field)
      case 'input':
        return `input_[min(${this.#index(expr.index)}, ${taskWord('inputLast')})]`
      case 'member':
        return `${this.write(expr.of)}.m${expr.member}`
      case 'swizzle':
        return `${this.write(expr.of)}.${expr.lanes.map((lane) => 'xyzw'[lane]).join('')}`
      case 'index':
        return this.#element(expr)
      case 'negate':
        return `(-${this.write(expr.a)})`
      case 'not':
        return this.#lanes('!', expr.type, [expr.a], ([a]) => `!${a}`)
      case 'complement':
        return this.#lanes('~', expr.type, [expr.a], ([a]) => `~${a}`)
      case 'binary':
        return this.#binary(expr)
      case 'compare':
        return this.#lanes(expr.operator, expr.type, [expr.a, expr.b], ([a, b]) => `${a} ${expr.operator} ${b}`)
      case 'logic':
        return `(${this.write(expr.a)} ${expr.operator} ${this.write(expr.b)})`
      case 'call':
        return `${this.#names.fn(expr.callee)}(${expr.args.map((arg) => this.write(arg)).join(', ')})`
      case 'builtin':
        return this.#builtin(expr)
      case 'construct':
        return `${type}(${expr.args.map((arg) => this.write(arg)).join(', ')})`
      case 'splat':
        return `${type}(${this.write(expr.a)})`
      case 'convert':
        return this.#lanes('convert', expr.type, [expr.a], ([a]) => `${componentOf(expr.type)}(${a})`)
      case 'bitcast': {
        const [from, to] = [componentOf(expr.a.type), componentOf(expr.type)]
        // NaNs have one pattern once they are integers.
        if (from === 'f32' && to !== 'f32') return this.#lanes('bitcast', expr.type, [expr.a], ([a]) => `bitcast<${to}>(bits_(${a}))`)
        return `bitcast<${type}>(${this.write(expr.a)})`
      }
    }
  }

  /** The left side of an assignment. */
  place(place: Place): string {
    let text = this.#names.local(place.local)
    let type: Type = place.local.type
    for (const step of place.path) {
      if (step.kind === 'member') {
        text += `.m${step.member}`
        if (type.kind === 'struct') type = type.members[step.member]!.type
        continue
      }
      text += `[${this.#inside(step.index, type)}]`
      type = type.kind === 'array' ? type.element : { kind: 'scalar', name: componentOf(type)! }
    }
    return text
  }

  #constant(value: Constant, type: Type): string {
    const name = this.#names.type(type)
    if (type.kind === 'scalar') return scalarText(value[0]!, type.name)
    if (value.every((scalar) => Object.is(scalar, 0))) return `${name}()`
    if (type.kind === 'vector') return `${name}(${value.map((scalar) => scalarText(scalar, type.element)).join(', ')})`
    const parts =
      type.kind === 'array' ? Array.from({ length: type.length }, () => type.element) : type.members.map((member) => member.type)
    let at = 0
    const texts = parts.map((part) => {
      const size = scalarCount(part)
      at += size
      return this.#constant(value.slice(at - size, at), part)
    })
    return `${name}(${texts.join(', ')})`
  }

  #tile(field: string): string {
    const axes = (prefix: 'origin' | 'size') =>
      `vec3<u32>(${(['X', 'Y', 'Z'] as const).map((axis) => taskWord(`${prefix}${axis}`)).join(', ')})`
    if (field === 'origin' || field === 'size') return axes(field)
    return taskWord(field === 'width' ? 'tileWidth' : field === 'height' ? 'tileHeight' : 'halo')
  }

  #index(index: Expr): string {
    const text = this.write(index)
    return componentOf(index.type) === 'i32' ? (index.op === 'constant' ? `${index.value[0]! >>> 0}u` : `bitcast<u32>(${text})`) : text
  }

  /** An index that lies inside the type. */
  #inside(index: Expr, type: Type): string {
    if (index.op === 'constant') return `${index.value[0]}`
    const length = type.kind === 'array' ? type.length : scalarCount(type)
    return `min(${this.#index(index)}, ${length - 1}u)`
  }

  #element(expr: Expr & { op: 'index' }): string {
    const { of, index } = expr
    if (of.op === 'parameter' && of.slot.length !== null) {
      const { offset, length, element } = of.slot
      const inside = index.op === 'constant' ? `${index.value[0]}u` : `min(${this.#index(index)}, ${length - 1}u)`
      return fromWord(`constants_[${offset}u + ${inside}]`, element)
    }
    if (of.op === 'constant') return `${this.#tableFunction(of.value, of.type)}(${this.#index(index)})`
    return `${this.write(of)}[${this.#inside(index, of.type)}]`
  }

  /** Tables lie in a buffer: a local array of constants would be built anew for every item. */
  #tableFunction(values: Constant, type: Type): string {
    const start = this.#tablesAt + this.#tables.start(values, type)
    const length = type.kind === 'array' ? type.length : scalarCount(type)
    const element: Type = type.kind === 'array' ? type.element : { kind: 'scalar', name: componentOf(type)! }
    return this.#helper(`table ${start},${this.#names.type(element)},${length}`, (name) => {
      const at = `let at = ${start}u + min(i, ${length - 1}u) * ${scalarCount(element)}u;`
      return `fn ${name}(i: u32) -> ${this.#names.type(element)} {\n  ${at}\n  return ${this.#fromWords(element, { next: 0 })};\n}`
    })
  }

  /** Name of the function with this key, which is written the first time. */
  #helper(key: string, write: (name: string) => string): string {
    const known = this.#helpers.get(key)
    if (known !== undefined) return known.name
    const name = `h${this.#helpers.size}_`
    this.#helpers.set(key, { name, text: write(name) })
    return name
  }

  #fromWords(type: Type, at: { next: number }): string {
    if (type.kind === 'scalar') return fromWord(`constants_[at + ${at.next++}u]`, type.name)
    const parts: Type[] =
      type.kind === 'struct'
        ? type.members.map((member) => member.type)
        : type.kind === 'array'
          ? Array.from({ length: type.length }, () => type.element)
          : Array.from({ length: type.size }, () => ({ kind: 'scalar', name: type.element }))
    return `${this.#names.type(type)}(${parts.map((part) => this.#fromWords(part, at)).join(', ')})`
  }

  /**
   * An operation on each component for itself: `lane` writes it, given the operands' components. Chromium 156 with its
   * software adapter folds most operations on whole constant vectors wrongly once a component of them is read from a
   * vector, array or struct of zeros: `var z: vec2<u32>; let n = vec2(11u, 7u) | vec2(z.x);` makes `n` zero.
   */
  #lanes(key: string, type: Type, operands: Expr[], lane: (components: string[]) => string): string {
    const args = operands.map((operand) => this.write(operand))
    if (type.kind !== 'vector') return `(${lane(args)})`
    const types = operands.map((operand) => this.#names.type(operand.type))
    const result = this.#names.type(type)
    const name = this.#helper(`${key} ${types.join(' ')} ${result}`, (helper) => {
      const letters = operands.map((_, index) => 'abcd'[index]!)
      const component = (operand: number, axis: string) =>
        operands[operand]!.type.kind === 'vector' ? `${letters[operand]}.${axis}` : letters[operand]!
      const lanes = [...'xyzw'].slice(0, type.size).map((axis) => lane(operands.map((_, operand) => component(operand, axis))))
      const parameters = letters.map((letter, index) => `${letter}: ${types[index]}`).join(', ')
      return `fn ${helper}(${parameters}) -> ${result} {\n  return ${result}(${lanes.join(', ')});\n}`
    })
    return `${name}(${args.join(', ')})`
  }

  #binary(expr: Expr & { op: 'binary' }): string {
    const { operator, a, b, type } = expr
    if (WHOLE.has(operator)) return `(${this.write(a)} ${operator} ${this.write(b)})`
    const masked = (operator === '<<' || operator === '>>') && (type.kind === 'vector' || b.op !== 'constant')
    return this.#lanes(operator, type, [a, b], ([left, right]) => `${left} ${operator} ${masked ? `(${right} & 31u)` : right}`)
  }

  #builtin(expr: Expr & { op: 'builtin' }): string {
    const name = expr.name === 'multiplyHigh' ? `multiplyHigh_${componentOf(expr.type)}` : expr.name
    if (BY_LANES.has(expr.name)) return this.#lanes(name, expr.type, expr.args, (components) => `${name}(${components.join(', ')})`)
    const args = expr.args.map((arg) => this.write(arg))
    switch (expr.name) {
      case 'multiplyFixed':
        return `multiplyFixed_(${args.join(', ')})`
      case 'clamp':
        // Written out: a browser may refuse bounds that it sees to be the wrong way round.
        return `min(max(${args[0]}, ${args[1]}), ${args[2]})`
      case 'pack4xU8':
        return `pack_(${args[0]})`
      case 'unpack4xU8':
        return `unpack_(${args[0]})`
      default:
        return `${expr.name}(${args.join(', ')})`
    }
  }
}

function fromWord(word: string, scalar: ScalarName): string {
  return scalar === 'u32' ? word : scalar === 'bool' ? `(${word} != 0u)` : `bitcast<${scalar}>(${word})`
}

function scalarText(value: number, scalar: ScalarName): string {
  switch (scalar) {
    case 'bool':
      return value === 0 ? 'false' : 'true'
    case 'u32':
      return `${value}u`
    case 'i32':
      return value === -0x8000_0000 ? '(-2147483647i - 1i)' : value < 0 ? `(${value}i)` : `${value}i`
    default: {
      const text = Object.is(value, -0) ? '-0.0' : value.toPrecision(9)
      return value < 0 || Object.is(value, -0) ? `(${text}f)` : `${text}f`
    }
  }
}
