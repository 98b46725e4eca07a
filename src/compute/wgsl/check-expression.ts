import { MAX_CONSTANT_STEPS, MAX_EXPRESSION_DEPTH } from '../limits.ts'
import type { Expression, TypeName } from './ast.ts'
import { BUILTINS, resolveBuiltin } from './builtins.ts'
import { commonType, convertConstant, converts } from './convert.ts'
import { applyOperation } from './fold.ts'
import type { ArithmeticOperator, ComparisonOperator, Expr } from './ir.ts'
import { TILE_FIELDS } from './ir.ts'
import { fail } from './lexer.ts'
import type { ConstantChecker, ModuleNames } from './module-names.ts'
import { PRELUDE_NAMES } from './scope.ts'
import type { Scope } from './scope.ts'
import { componentsOf, isAddressable, operandsOf, swizzleLanes } from './expression-parts.ts'
import {
  BOOL,
  ABSTRACT_FLOAT,
  ABSTRACT_INT,
  F32,
  I32,
  U32,
  componentCount,
  componentOf,
  concreteType,
  isAbstract,
  sameType,
  scalarCount,
  typeName,
  vector,
  withComponent,
} from './types.ts'
import type { Type } from './types.ts'

const COMPARISONS = ['==', '!=', '<', '>', '<=', '>=']

/** Gives every expression its type, resolves its names and folds what is constant. */
export class ExpressionChecker implements ConstantChecker {
  readonly module: ModuleNames
  readonly scope: Scope
  #depth = 0

  constructor(module: ModuleNames, scope: Scope) {
    this.module = module
    this.scope = scope
  }

  fail(at: number, problem: string, hint = ''): never {
    return fail(this.module.source, at, problem, hint)
  }

  check(expression: Expression): Expr {
    if (++this.#depth > MAX_EXPRESSION_DEPTH) this.fail(expression.at, 'this expression is too long', 'split it into several statements')
    const result = this.#check(expression)
    this.#depth--
    return result
  }

  /** Checks an expression and brings it to the given type. */
  checkAs(expression: Expression, type: Type, what: string): Expr {
    return this.convert(this.check(expression), type, what)
  }

  /** Checks an expression and gives constants without suffix the type they take by themselves. */
  checkConcrete(expression: Expression): Expr {
    const found = this.check(expression)
    return this.convert(found, concreteType(found.type), 'the value')
  }

  convert(expr: Expr, type: Type, what: string): Expr {
    if (sameType(expr.type, type)) return expr
    if (!converts(expr.type, type)) {
      const [from, to] = [componentOf(expr.type), componentOf(type)]
      const hint = from !== null && to !== null && expr.type.kind === 'scalar' && type.kind === 'scalar' ? `write ${to}(…)` : ''
      this.fail(expr.at, `${what} must be ${typeName(type)}, not ${typeName(expr.type)}`, hint)
    }
    if (expr.op !== 'constant') this.fail(expr.at, `${what} must be ${typeName(type)}`)
    const converted = convertConstant(expr, type)
    if (typeof converted === 'string') this.fail(expr.at, converted, 'a constant must fit the type it is used as')
    return converted
  }

  /** The value of an expression that must be constant. */
  checkConstant(expression: Expression, what: string): Expr & { op: 'constant' } {
    const expr = this.check(expression)
    if (expr.op !== 'constant') this.fail(expression.at, `${what} must be a constant`, 'it may use literals, const and builtins only')
    return expr
  }

  #check(expression: Expression): Expr {
    const { at } = expression
    switch (expression.kind) {
      case 'int': {
        const type = expression.suffix === 'i' ? I32 : expression.suffix === 'u' ? U32 : ABSTRACT_INT
        return { op: 'constant', at, type, value: [expression.value] }
      }
      case 'float': {
        const single = expression.suffix === 'f'
        return {
          op: 'constant',
          at,
          type: single ? F32 : ABSTRACT_FLOAT,
          value: [single ? Math.fround(expression.value) : expression.value],
        }
      }
      case 'bool':
        return { op: 'constant', at, type: BOOL, value: [expression.value ? 1 : 0] }
      case 'name':
        return this.#name(at, expression.name)
      case 'unary':
        return this.#unary(at, expression.operator, this.check(expression.operand))
      case 'binary':
        return this.binary(at, expression.operator, this.check(expression.left), this.check(expression.right))
      case 'member':
        return this.#member(expression)
      case 'index':
        return this.#index(expression)
      case 'call':
        return this.#call(at, expression.callee, expression.arguments)
    }
  }

  #name(at: number, name: string): Expr {
    const meaning = this.scope.find(name) ?? this.module.find(name)
    if (meaning?.kind === 'local') return { op: 'local', at, type: meaning.local.type, local: meaning.local }
    if (meaning?.kind === 'constant') return { ...meaning.value, at }
    if (meaning !== null) this.fail(at, `"${name}" is a ${meaning.kind} and has no value`, `call it: ${name}(…)`)
    if ((PRELUDE_NAMES as readonly string[]).includes(name)) {
      const usage = name === 'input' ? 'input[index]' : name === 'params' ? 'params.name' : `tile.${TILE_FIELDS[0]}`
      this.fail(at, `"${name}" is not a value by itself`, `write ${usage}`)
    }
    return this.fail(at, `nothing is called "${name}" here`, 'declare it before it is used')
  }

  #unary(at: number, operator: string, a: Expr): Expr {
    const component = componentOf(a.type)
    if (operator === '!') {
      if (component !== 'bool') this.fail(at, `"!" needs a bool, not ${typeName(a.type)}`)
      return this.fold({ op: 'not', at, type: a.type, a })
    }
    if (component === null || component === 'bool' || (operator === '-' && component === 'u32')) {
      this.fail(at, `"${operator}" cannot be applied to ${typeName(a.type)}`, component === 'u32' ? 'write 0u - x' : '')
    }
    if (operator === '-') return this.fold({ op: 'negate', at, type: a.type, a })
    const integer = this.convert(a, concreteType(a.type), 'the operand')
    if (componentOf(integer.type) === 'f32') this.fail(at, `"~" needs integers, not ${typeName(a.type)}`)
    return this.fold({ op: 'complement', at, type: integer.type, a: integer })
  }

  /** Also used for compound assignments. */
  binary(at: number, operator: string, a: Expr, b: Expr): Expr {
    if (operator === '&&' || operator === '||') {
      if (!sameType(a.type, BOOL) || !sameType(b.type, BOOL))
        this.fail(at, `"${operator}" needs two bools, not ${typeName(a.type)} and ${typeName(b.type)}`)
      return this.fold({ op: 'logic', at, type: BOOL, operator, a, b })
    }
    if (operator === '<<' || operator === '>>') return this.#shift(at, operator, a, b)
    const shape = this.#shape(a, b, COMPARISONS.includes(operator) || ['&', '|', '^'].includes(operator))
    const component = shape === null ? null : componentOf(shape)
    if (shape === null || component === null) {
      this.fail(at, `"${operator}" cannot be applied to ${typeName(a.type)} and ${typeName(b.type)}`, 'convert one of them, as in u32(x)')
    }
    const [left, right] = [this.#shaped(a, shape), this.#shaped(b, shape)]
    if (COMPARISONS.includes(operator)) {
      if (component === 'bool' && operator !== '==' && operator !== '!=')
        this.fail(at, `bools have no order: "${operator}" cannot compare them`)
      const type = shape.kind === 'vector' ? vector(shape.size, 'bool') : BOOL
      return this.fold({ op: 'compare', at, type, operator: operator as ComparisonOperator, a: left, b: right })
    }
    const bitwise = ['&', '|', '^'].includes(operator)
    const float = component === 'f32' || component === 'abstractFloat'
    if ((bitwise && float) || (component === 'bool' && operator !== '&' && operator !== '|')) {
      this.fail(at, `"${operator}" cannot be applied to ${typeName(shape)}`)
    }
    if ((operator === '/' || operator === '%') && !float) this.#refuseZero(right)
    return this.fold({ op: 'binary', at, type: shape, operator: operator as ArithmeticOperator, a: left, b: right })
  }

  #shift(at: number, operator: '<<' | '>>', a: Expr, b: Expr): Expr {
    const amount = this.convert(b, withComponent(b.type, 'u32'), 'the amount of a shift')
    const left = isAbstract(a.type) && amount.op !== 'constant' ? this.convert(a, concreteType(a.type), 'the operand') : a
    const component = componentOf(left.type)
    if (component === null || component === 'bool' || component === 'f32' || component === 'abstractFloat') {
      this.fail(at, `"${operator}" needs integers, not ${typeName(a.type)}`)
    }
    if (componentCount(left.type) !== componentCount(amount.type))
      this.fail(at, `both sides of "${operator}" must have the same number of components`)
    if (amount.op === 'constant' && component !== 'abstractInt' && amount.value.some((value) => value > 31)) {
      this.fail(amount.at, `a shift by ${Math.max(...amount.value)} is not possible: 0 to 31 are`)
    }
    return this.fold({ op: 'binary', at, type: left.type, operator, a: left, b: amount })
  }

  /** The type in which both sides meet; a scalar beside a vector is spread over it in arithmetic. */
  #shape(a: Expr, b: Expr, strict: boolean): Type | null {
    if (a.type.kind === b.type.kind || strict) return commonType([a.type, b.type])
    const size = a.type.kind === 'vector' ? a.type.size : b.type.kind === 'vector' ? b.type.size : 0
    const [left, right] = [componentOf(a.type), componentOf(b.type)]
    if (size === 0 || left === null || right === null) return null
    const common = commonType([withComponent(U32, left), withComponent(U32, right)])
    return common === null ? null : vector(size, componentOf(common)!)
  }

  #shaped(expr: Expr, shape: Type): Expr {
    if (expr.type.kind === 'scalar' && shape.kind === 'vector') {
      const scalar = this.convert(expr, withComponent(expr.type, shape.element), 'the operand')
      return this.fold({ op: 'splat', at: expr.at, type: shape, a: scalar })
    }
    return this.convert(expr, shape, 'the operand')
  }

  #refuseZero(divisor: Expr): void {
    if (divisor.op === 'constant' && divisor.value.includes(0)) this.fail(divisor.at, 'this divides by zero')
  }

  #member(expression: Expression & { kind: 'member' }): Expr {
    const { at, object, name, nameAt } = expression
    if (object.kind === 'name' && this.scope.find(object.name) === null) {
      if (object.name === 'params') return this.#parameter(at, name, nameAt)
      if (object.name === 'tile') return this.#tile(at, name, nameAt)
    }
    const of = this.check(object)
    if (of.type.kind === 'struct') {
      const member = of.type.members.findIndex((candidate) => candidate.name === name)
      if (member < 0)
        this.fail(
          nameAt,
          `${of.type.name} has no member "${name}"`,
          `it has ${of.type.members.map((candidate) => candidate.name).join(', ')}`,
        )
      return this.fold({ op: 'member', at, type: of.type.members[member]!.type, of, member })
    }
    if (of.type.kind !== 'vector') this.fail(at, `${typeName(of.type)} has no members`)
    const lanes = swizzleLanes(name, of.type.size)
    if (lanes === null) this.fail(nameAt, `${typeName(of.type)} has no component "${name}"`, componentsOf(of.type.size))
    const type = lanes.length === 1 ? withComponent(U32, of.type.element) : vector(lanes.length, of.type.element)
    return this.fold({ op: 'swizzle', at, type, of, lanes })
  }

  #parameter(at: number, name: string, nameAt: number): Expr {
    const slot = this.module.parameters.find((candidate) => candidate.name === name)
    if (slot === undefined) {
      const names = this.module.parameters.map((candidate) => candidate.name).join(', ')
      this.fail(nameAt, `the manifest has no parameter "${name}"`, `it has ${names || 'none'}`)
    }
    const scalar: Type = { kind: 'scalar', name: slot.element }
    return { op: 'parameter', at, type: slot.length === null ? scalar : { kind: 'array', element: scalar, length: slot.length }, slot }
  }

  #tile(at: number, name: string, nameAt: number): Expr {
    const field = TILE_FIELDS.find((candidate) => candidate === name)
    if (field === undefined) this.fail(nameAt, `tile has no member "${name}"`, `it has ${TILE_FIELDS.join(', ')}`)
    return { op: 'tile', at, type: field === 'origin' || field === 'size' ? vector(3, 'u32') : U32, field }
  }

  #index(expression: Expression & { kind: 'index' }): Expr {
    const { at, object } = expression
    const index = this.checkConcrete(expression.index)
    const component = componentOf(index.type)
    if (index.type.kind !== 'scalar' || (component !== 'i32' && component !== 'u32')) {
      this.fail(index.at, `an index must be i32 or u32, not ${typeName(index.type)}`)
    }
    if (object.kind === 'name' && object.name === 'input' && this.scope.find('input') === null) {
      if (!this.module.hasInput) this.fail(at, 'this kernel has no input', 'declare one in the manifest')
      this.module.usesInput = true
      return { op: 'input', at, type: U32, index }
    }
    const of = this.check(object)
    if (of.type.kind !== 'array' && of.type.kind !== 'vector') this.fail(at, `${typeName(of.type)} cannot be indexed`)
    const length = of.type.kind === 'array' ? of.type.length : of.type.size
    if (index.op === 'constant' && (index.value[0]! < 0 || index.value[0]! >= length)) {
      this.fail(index.at, `index ${index.value[0]} is outside ${typeName(of.type)}`, `0 to ${length - 1} are inside`)
    }
    if (index.op !== 'constant' && !isAddressable(of)) {
      this.fail(at, 'only a variable, a parameter or a constant table can be indexed by a computed index', 'give the value a name first')
    }
    const type: Type = of.type.kind === 'array' ? of.type.element : withComponent(U32, of.type.element)
    const concrete = of.op === 'constant' && index.op !== 'constant' ? this.convert(of, concreteType(of.type), 'the table') : of
    return this.fold({ op: 'index', at, type: concrete === of ? type : concreteType(type), of: concrete, index })
  }

  #call(at: number, callee: TypeName, given: Expression[]): Expr {
    const meaning = callee.arguments.length === 0 ? (this.scope.find(callee.name) ?? this.module.find(callee.name)) : null
    if (meaning?.kind === 'function') {
      const { fn } = meaning
      if (given.length !== fn.parameters.length) this.fail(at, `${fn.name} takes ${fn.parameters.length} arguments, not ${given.length}`)
      const args = given.map((arg, index) => this.checkAs(arg, fn.parameters[index]!.type, `argument ${index + 1} of ${fn.name}`))
      return { op: 'call', at, type: fn.returns, callee: fn, args }
    }
    if (meaning !== null && meaning.kind !== 'type')
      this.fail(at, `"${callee.name}" is not a function here`, 'rename the variable that hides it')
    if (callee.name === 'bitcast') return this.#bitcast(at, callee, given)
    if (BUILTINS.has(callee.name))
      return this.#builtin(
        at,
        callee.name,
        given.map((arg) => this.check(arg)),
      )
    const args = given.map((arg) => this.check(arg))
    return this.#construct(at, this.module.constructedType(callee, args, this), args)
  }

  #builtin(at: number, name: string, args: Expr[]): Expr {
    const resolved = resolveBuiltin(
      name,
      args.map((arg) => arg.type),
      { common: commonType, concrete: concreteType },
    )
    if ('problem' in resolved) this.fail(at, resolved.problem)
    let converted = args.map((arg, index) => {
      const type = resolved.args[index]!
      const vectored = arg.type.kind === 'scalar' && type.kind === 'vector' ? this.#shaped(arg, type) : arg
      return this.convert(vectored, type, `argument ${index + 1} of ${name}`)
    })
    let { result } = resolved
    // An abstract result exists only while everything is constant.
    if (isAbstract(result) && converted.some((arg) => arg.op !== 'constant')) {
      result = concreteType(result)
      converted = converted.map((arg) => this.convert(arg, concreteType(arg.type), `an argument of ${name}`))
    }
    if (name === 'multiplyFixed') {
      const bits = converted[2]!
      if (bits.op !== 'constant' || bits.value[0]! > 31)
        this.fail(bits.at, 'the fraction bits of multiplyFixed must be a constant from 0 to 31')
    }
    if (name === 'extractBits' || name === 'insertBits') {
      const [offset, count] = converted.slice(-2) as [Expr, Expr]
      if (offset.op === 'constant' && count.op === 'constant' && offset.value[0]! + count.value[0]! > 32) {
        this.fail(at, `${name} reaches beyond 32 bits: ${offset.value[0]} + ${count.value[0]}`)
      }
    }
    return this.fold({ op: 'builtin', at, type: result, name, args: converted })
  }

  #bitcast(at: number, callee: TypeName, given: Expression[]): Expr {
    const target = callee.arguments[0]
    if (given.length !== 1 || target === undefined || !('name' in target))
      this.fail(at, 'bitcast takes one type and one value', 'bitcast<u32>(x)')
    const type = this.module.type(target as TypeName, this)
    const a = this.checkConcrete(given[0]!)
    const castable = (candidate: Type) => componentOf(candidate) !== null && componentOf(candidate) !== 'bool'
    if (!castable(type) || !castable(a.type) || componentCount(type) !== componentCount(a.type)) {
      this.fail(at, `${typeName(a.type)} cannot be reinterpreted as ${typeName(type)}`)
    }
    return this.fold({ op: 'bitcast', at, type, a })
  }

  #construct(at: number, type: Type, args: Expr[]): Expr {
    if (args.length === 0) return { op: 'constant', at, type, value: Array.from({ length: scalarCount(type) }, () => 0) }
    if (type.kind === 'array' || type.kind === 'struct') {
      const wanted =
        type.kind === 'array' ? Array.from({ length: type.length }, () => type.element) : type.members.map((member) => member.type)
      if (args.length !== wanted.length) this.fail(at, `${typeName(type)} takes ${wanted.length} values, not ${args.length}`)
      return this.fold({
        op: 'construct',
        at,
        type,
        args: args.map((arg, index) => this.convert(arg, wanted[index]!, `value ${index + 1}`)),
      })
    }
    const component = componentOf(type)!
    if (args.length === 1 && componentCount(args[0]!.type) === componentCount(type) && args[0]!.type.kind === type.kind) {
      return this.#conversion(at, args[0]!, type)
    }
    if (type.kind === 'scalar') this.fail(at, `${type.name} takes one scalar, not (${args.map((arg) => typeName(arg.type)).join(', ')})`)
    const parts = args.map((arg, index) => {
      if (componentOf(arg.type) === null) this.fail(arg.at, `${typeName(arg.type)} cannot be part of a vector`)
      return this.convert(arg, withComponent(arg.type, component), `value ${index + 1} of ${typeName(type)}`)
    })
    if (parts.length === 1 && parts[0]!.type.kind === 'scalar') return this.fold({ op: 'splat', at, type, a: parts[0]! })
    const count = parts.reduce((sum, part) => sum + componentCount(part.type), 0)
    if (count !== type.size) this.fail(at, `${typeName(type)} takes ${type.size} components, not ${count}`)
    return this.fold({ op: 'construct', at, type, args: parts })
  }

  #conversion(at: number, arg: Expr, type: Type): Expr {
    if (sameType(arg.type, type)) return arg
    if (isAbstract(type) || (isAbstract(arg.type) && converts(arg.type, type))) return this.convert(arg, type, 'the value')
    const a = this.convert(arg, concreteType(arg.type), 'the value')
    if (componentOf(a.type) === null || componentOf(type) === null) this.fail(at, `${typeName(a.type)} cannot become ${typeName(type)}`)
    return this.fold({ op: 'convert', at, type, a })
  }

  /** Replaces an operation on constants by its value. */
  fold(expr: Expr): Expr {
    const operands = operandsOf(expr)
    if (!operands.every((operand) => operand.op === 'constant')) return expr
    const size = operands.reduce((sum, operand) => sum + operand.value.length, 1)
    this.module.constantSteps += size
    if (this.module.constantSteps > MAX_CONSTANT_STEPS)
      this.fail(expr.at, 'the constants of this kernel take too much work to compute', 'use smaller tables')
    const value = applyOperation(
      expr,
      operands.map((operand) => operand.value),
    )
    const component = componentOf(expr.type)
    if (component === 'abstractInt' && !value.every(Number.isSafeInteger))
      this.fail(expr.at, 'this constant is too large', 'constants must stay within 2^53')
    if ((component === 'f32' || component === 'abstractFloat') && !value.every(Number.isFinite))
      this.fail(expr.at, 'this constant is not a finite number')
    return { op: 'constant', at: expr.at, type: expr.type, value }
  }
}
