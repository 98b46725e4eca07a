import type { Constant, Expr, Place } from './ir.ts'
import type { Names } from './gpu-names.ts'
import { taskWord } from './gpu-prelude.ts'
import type { Tables } from './tables.ts'
import { componentOf, scalarCount } from './types.ts'
import type { ScalarName, Type, VectorType } from './types.ts'

/** Writes expressions as WGSL, fully parenthesised, with every computed index clamped. */
export class GpuExpressions {
  readonly #names: Names
  readonly #tables: Tables
  readonly #tablesAt: number
  readonly #helperFunctions = new Map<string, string>()

  /** `tablesAt`: word of the constants buffer at which the tables begin. */
  constructor(names: Names, tables: Tables, tablesAt: number) {
    this.#names = names
    this.#tables = tables
    this.#tablesAt = tablesAt
  }

  /** Functions that the expressions call; complete once everything is written. */
  helperFunctions(): string[] {
    return [...this.#helperFunctions.values()]
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
        return `(!${this.write(expr.a)})`
      case 'complement':
        return `(~${this.write(expr.a)})`
      case 'binary':
        return this.#binary(expr)
      case 'compare':
        if (expr.a.type.kind === 'vector') return this.#compareVectors(expr, expr.a.type)
        return `(${this.write(expr.a)} ${expr.operator} ${this.write(expr.b)})`
      case 'logic':
        return `(${this.write(expr.a)} ${expr.operator} ${this.write(expr.b)})`
      case 'call':
        return `${this.#names.fn(expr.callee)}(${expr.args.map((arg) => this.write(arg)).join(', ')})`
      case 'builtin':
        return this.#builtin(expr)
      case 'construct':
        return `${type}(${expr.args.map((arg) => this.write(arg)).join(', ')})`
      case 'splat':
      case 'convert':
        return `${type}(${this.write(expr.a)})`
      case 'bitcast':
        return this.#bitcast(expr, type)
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
    const key = `${start},${this.#names.type(element)},${length}`
    const name = `t${[...this.#helperFunctions.keys()].indexOf(key) < 0 ? this.#helperFunctions.size : [...this.#helperFunctions.keys()].indexOf(key)}_`
    if (!this.#helperFunctions.has(key)) {
      const size = scalarCount(element)
      const value = this.#fromWords(element, { next: 0 })
      this.#helperFunctions.set(
        key,
        `fn ${name}(i: u32) -> ${this.#names.type(element)} {\n  let at = ${start}u + min(i, ${length - 1}u) * ${size}u;\n  return ${value};\n}`,
      )
    }
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

  /** Lane by lane: Chromium 156 with its software adapter folds some comparisons of whole constant vectors wrongly. */
  #compareVectors(expr: Expr & { op: 'compare' }, type: VectorType): string {
    const key = `compare ${expr.operator} ${this.#names.type(type)}`
    const name = `compare${['==', '!=', '<', '>', '<=', '>='].indexOf(expr.operator)}_${type.size}${type.element}_`
    if (!this.#helperFunctions.has(key)) {
      const operands = `a: ${this.#names.type(type)}, b: ${this.#names.type(type)}`
      const lanes = [...'xyzw'].slice(0, type.size).map((lane) => `a.${lane} ${expr.operator} b.${lane}`)
      this.#helperFunctions.set(
        key,
        `fn ${name}(${operands}) -> vec${type.size}<bool> { return vec${type.size}<bool>(${lanes.join(', ')}); }`,
      )
    }
    return `${name}(${this.write(expr.a)}, ${this.write(expr.b)})`
  }

  #binary(expr: Expr & { op: 'binary' }): string {
    const [a, b] = [this.write(expr.a), this.write(expr.b)]
    if ((expr.operator === '<<' || expr.operator === '>>') && expr.b.op !== 'constant') {
      const mask = expr.b.type.kind === 'vector' ? `vec${expr.b.type.size}<u32>(31u)` : '31u'
      return `(${a} ${expr.operator} (${b} & ${mask}))`
    }
    return `(${a} ${expr.operator} ${b})`
  }

  #builtin(expr: Expr & { op: 'builtin' }): string {
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
      case 'multiplyHigh': {
        const { type } = expr
        const name = `multiplyHigh_${componentOf(type)}`
        if (type.kind !== 'vector') return `${name}(${args.join(', ')})`
        const lanes = [...'xyzw'].slice(0, type.size).map((lane) => `${name}(${args[0]}.${lane}, ${args[1]}.${lane})`)
        return `${this.#names.type(type)}(${lanes.join(', ')})`
      }
      default:
        return `${expr.name}(${args.join(', ')})`
    }
  }

  #bitcast(expr: Expr & { op: 'bitcast' }, type: string): string {
    const a = this.write(expr.a)
    if (componentOf(expr.a.type) !== 'f32' || componentOf(expr.type) === 'f32') return `bitcast<${type}>(${a})`
    if (expr.a.type.kind !== 'vector') return `bitcast<${type}>(bits_(${a}))`
    const lanes = [...'xyzw'].slice(0, expr.a.type.size).map((lane) => `bits_(${a}.${lane})`)
    return `bitcast<${type}>(vec${expr.a.type.size}<u32>(${lanes.join(', ')}))`
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
