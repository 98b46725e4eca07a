import type { ParameterSlot } from '../../domain/parameters.ts'
import { MAX_ARRAY_WORDS, MAX_TABLE_WORDS, MAX_VALUE_SCALARS } from '../limits.ts'
import type { AliasDeclaration, Declaration, FunctionDeclaration, ModuleItem, StructDeclaration, TypeName } from './ast.ts'
import { ExpressionChecker } from './check-expression.ts'
import { commonType } from './convert.ts'
import type { Expr, Fn } from './ir.ts'
import type { ConstantChecker, ModuleNames } from './module-names.ts'
import { fail } from './lexer.ts'
import { nameProblem, Scope } from './scope.ts'
import type { Meaning } from './scope.ts'
import { BOOL, F32, I32, U32, componentCount, componentOf, concreteType, isAbstract, scalarCount, typeName, vector } from './types.ts'
import type { ScalarName, StructType, Type } from './types.ts'

const SCALARS: Record<string, Type> = { bool: BOOL, i32: I32, u32: U32, f32: F32 }
const LETTERS: Record<string, ScalarName> = { i: 'i32', u: 'u32', f: 'f32' }

type Item = Exclude<ModuleItem, { kind: 'assert' }>

/** Names of a whole source. Declarations may stand in any order; each is resolved when it is first used. */
export class ModuleScope implements ModuleNames {
  readonly source: string
  readonly parameters: ParameterSlot[]
  readonly hasInput: boolean
  readonly structs: StructType[] = []
  usesInput = false
  constantSteps = 0
  readonly #items = new Map<string, Item>()
  readonly #resolved = new Map<string, Meaning>()
  readonly #resolving = new Set<string>()
  readonly #checkFunction: (declaration: FunctionDeclaration) => Fn
  #tableWords = 0

  constructor(
    source: string,
    items: ModuleItem[],
    parameters: ParameterSlot[],
    hasInput: boolean,
    checkFunction: (declaration: FunctionDeclaration) => Fn,
  ) {
    this.source = source
    this.parameters = parameters
    this.hasInput = hasInput
    this.#checkFunction = checkFunction
    for (const item of items) {
      if (item.kind === 'assert') continue
      const problem = nameProblem(item.name, false) ?? (this.#items.has(item.name) ? `"${item.name}" is declared twice` : null)
      if (problem !== null) fail(source, item.at, problem, 'choose another name')
      this.#items.set(item.name, item)
    }
  }

  find(name: string): Meaning | null {
    const known = this.#resolved.get(name)
    if (known !== undefined) return known
    const item = this.#items.get(name)
    if (item === undefined) return null
    if (this.#resolving.has(name)) {
      fail(
        this.source,
        item.at,
        `"${name}" is declared by means of itself`,
        item.kind === 'function' ? 'functions cannot call themselves: use a loop' : '',
      )
    }
    this.#resolving.add(name)
    const meaning = this.#resolve(item)
    this.#resolving.delete(name)
    this.#resolved.set(name, meaning)
    return meaning
  }

  #resolve(item: Item): Meaning {
    switch (item.kind) {
      case 'function':
        return { kind: 'function', fn: this.#checkFunction(item) }
      case 'struct':
        return { kind: 'type', type: this.#struct(item) }
      case 'alias':
        return { kind: 'type', type: this.#alias(item) }
      case 'declare':
        return { kind: 'constant', value: this.constant(item, new ExpressionChecker(this, new Scope())) }
    }
  }

  /** Value of a `const`. */
  constant(item: Declaration, checker: ConstantChecker): Expr {
    const value = checker.checkConstant(item.value!, `"${item.name}"`)
    const typed = item.type === null ? value : checker.convert(value, this.type(item.type, checker), `"${item.name}"`)
    this.#tableWords += scalarCount(typed.type)
    if (this.#tableWords > MAX_TABLE_WORDS)
      fail(this.source, item.at, `the constants of this kernel have more than ${MAX_TABLE_WORDS} words`)
    return typed
  }

  #alias(item: AliasDeclaration): Type {
    return this.type(item.type, new ExpressionChecker(this, new Scope()))
  }

  #struct(item: StructDeclaration): StructType {
    const checker = new ExpressionChecker(this, new Scope())
    const names = new Set<string>()
    const members = item.members.map(({ at, name, type }) => {
      if (names.has(name)) fail(this.source, at, `${item.name} has two members called "${name}"`)
      names.add(name)
      return { name, type: this.type(type, checker) }
    })
    const struct: StructType = { kind: 'struct', name: item.name, members }
    this.#refuseLarge(struct, item.at)
    this.structs.push(struct)
    return struct
  }

  /** The type that is written out in full. */
  type(name: TypeName, checker: ConstantChecker): Type {
    const type = this.#namedType(name, checker) ?? this.#genericType(name, checker)
    this.#refuseLarge(type, name.at)
    return type
  }

  #namedType(name: TypeName, checker: ConstantChecker): Type | null {
    const short = /^vec([234])([iuf])$/.exec(name.name)
    const plain = SCALARS[name.name] ?? (short === null ? null : vector(Number(short[1]), LETTERS[short[2]!]!))
    const meaning = plain === null ? (checker.scope.find(name.name) ?? this.find(name.name)) : null
    const type = plain ?? (meaning?.kind === 'type' ? meaning.type : null)
    if (type !== null && name.arguments.length > 0) fail(this.source, name.at, `${name.name} takes no <…>`)
    return type
  }

  #genericType(name: TypeName, checker: ConstantChecker): Type {
    const [first, second] = name.arguments
    const size = /^vec([234])$/.exec(name.name)?.[1]
    if (size !== undefined) {
      const element = first !== undefined && 'name' in first && name.arguments.length === 1 ? this.type(first as TypeName, checker) : null
      if (element?.kind !== 'scalar') fail(this.source, name.at, `${name.name} needs the type of its components`, `${name.name}<u32>`)
      return vector(Number(size), element.name)
    }
    if (name.name === 'array') {
      if (first === undefined || second === undefined)
        fail(this.source, name.at, 'an array needs the type of its elements and a length', 'array<u32, 16>')
      const element = this.type(first as TypeName, checker)
      const length = checker.checkConstant(second as Parameters<ConstantChecker['checkConstant']>[0], 'the length of an array')
      return this.#array(element, length, name.at)
    }
    const hints: Record<string, string> = {
      f16: 'use f32',
      ptr: 'pass the value and return the new one',
      atomic: 'results are returned, and the manifest says how they are folded',
    }
    const hint =
      hints[name.name] ??
      (name.name.startsWith('mat') ? 'use an array of vectors' : 'types are bool, i32, u32, f32, vecN, array and your structs')
    return fail(this.source, name.at, `"${name.name}" is not a type of the subset`, hint)
  }

  #array(element: Type, length: Expr & { op: 'constant' }, at: number): Type {
    const component = componentOf(length.type)
    const count = length.value[0]!
    if (length.type.kind !== 'scalar' || component === 'f32' || component === 'bool' || component === 'abstractFloat' || count < 1) {
      fail(this.source, at, `the length of an array must be a whole number of at least 1, not ${count}`)
    }
    if (count * scalarCount(element) > MAX_ARRAY_WORDS) fail(this.source, at, `this array has more than ${MAX_ARRAY_WORDS} words`)
    return { kind: 'array', element, length: count }
  }

  #refuseLarge(type: Type, at: number): void {
    if (type.kind === 'struct' && scalarCount(type) > MAX_VALUE_SCALARS) {
      fail(this.source, at, `${typeName(type)} has ${scalarCount(type)} scalars; at most ${MAX_VALUE_SCALARS} are possible`)
    }
  }

  /** The type of a constructor call, from its arguments where it is not written out. */
  constructedType(callee: TypeName, args: Expr[], checker: ConstantChecker): Type {
    if (callee.arguments.length > 0) return this.type(callee, checker)
    const size = /^vec([234])$/.exec(callee.name)?.[1]
    if (size !== undefined && args.length > 0) {
      const components = args.map((arg): Type => ({ kind: 'scalar', name: componentOf(arg.type) ?? 'bool' }))
      const common = args.every((arg) => componentOf(arg.type) !== null) ? commonType(components) : null
      if (common === null)
        fail(this.source, callee.at, `the components of ${callee.name} must have one type`, `write ${callee.name}<u32>(…)`)
      const constant = args.every((arg) => arg.op === 'constant')
      return vector(Number(size), componentOf(constant ? common : concreteType(common))!)
    }
    if (callee.name === 'array' && args.length > 0) {
      const common = commonType(args.map((arg) => arg.type))
      if (common === null) fail(this.source, callee.at, 'the elements of an array must have one type')
      const constant = args.every((arg) => arg.op === 'constant')
      const element = isAbstract(common) && !constant ? concreteType(common) : common
      if (args.length * componentCount(element) > MAX_ARRAY_WORDS)
        fail(this.source, callee.at, `this array has more than ${MAX_ARRAY_WORDS} words`)
      return { kind: 'array', element, length: args.length }
    }
    const type = this.#namedType(callee, checker)
    if (type !== null) return type
    if (this.find(callee.name) === null && !(callee.name in SCALARS)) {
      fail(this.source, callee.at, `nothing is called "${callee.name}" here`, 'functions are your own or those the documentation lists')
    }
    return this.type(callee, checker)
  }
}
