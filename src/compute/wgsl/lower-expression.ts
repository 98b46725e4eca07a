import { valueType } from './emitter.ts'
import type { Emitter } from './emitter.ts'
import { libraryFunction } from './float-library.ts'
import type { Constant, Expr, Fn, Local } from './ir.ts'
import { PARAMETERS_ADDRESS } from './layout.ts'
import type { TaskWord } from './layout.ts'
import { constant, get, int, isConstant, operation, sizeOf, upperBound } from './low.ts'
import type { Value, ValueType } from './low.ts'
import type { Code } from './opcodes.ts'
import { convert, divide, extractBits, floatBits, insertBits, least, lowerUniform, multiplyFixed } from './lower-builtin.ts'
import type { Tables } from './tables.ts'
import { componentOf, scalarCount, scalarsOf } from './types.ts'
import type { ScalarName, Type } from './types.ts'

/** Where a value lies: its scalars one by one, or memory from `base` plus a computed offset in bytes. */
export type Location =
  | { kind: 'values'; values: Value[] }
  | { kind: 'constants'; values: Constant }
  | { kind: 'memory'; base: number; offset: Value | null }

/** A variable: scalars in locals, which `locals` names where they can be written, or memory. */
export type Slot = { kind: 'values'; values: Value[]; locals: number[] | null } | { kind: 'memory'; base: number; offset: Value | null }

/** What expressions need from the function they stand in. */
export interface Context {
  emitter: Emitter
  tables: Tables
  slots: Map<Local, Slot>
  /** Reads of words whose index is known to lie inside: address of word 0 and the index from there. */
  proven: Map<Expr, { base: Value; index: Expr }>
  task(word: TaskWord): Value
  parameter(offset: number, element: ScalarName): Value
  /** Writes the function out in place of a call. */
  inline(fn: Fn, args: Location[]): Value[]
}

/** Scalars of an expression as low values. Values may read locals, so they are to be used before anything is assigned. */
export function lowerExpr(context: Context, expr: Expr): Value[] {
  const { emitter } = context
  const one = (operand: Expr): Value => lowerExpr(context, operand)[0]!
  switch (expr.op) {
    case 'constant':
      return constants(expr.value, expr.type)
    case 'index': {
      const proven = expr.type.kind === 'scalar' ? readProven(context, expr, valueType(expr.type.name)) : null
      return proven === null ? read(context, locate(context, expr), expr.type) : [proven]
    }
    case 'local':
    case 'parameter':
    case 'member':
    case 'swizzle':
      return read(context, locate(context, expr), expr.type)
    case 'tile':
      return tileWords(expr.field).map((word) => context.task(word))
    case 'input':
      return [readProven(context, expr, 'i32') ?? readInput(context, one(expr.index))]
    case 'negate':
      return lowerExpr(context, expr.a).map((value) =>
        value.type === 'f32' ? operation('f32.neg', value) : operation('i32.sub', int(0), value),
      )
    case 'complement':
      return lowerExpr(context, expr.a).map((value) => operation('i32.xor', value, int(-1)))
    case 'not':
      return lowerExpr(context, expr.a).map((value) => operation('i32.eqz', value))
    case 'binary': {
      const [a, b] = [lowerExpr(context, expr.a), lowerExpr(context, expr.b)]
      return a.map((value, lane) => arithmetic(emitter, expr.operator, value, b[lane]!, componentOf(expr.type)!))
    }
    case 'compare': {
      const [a, b] = [lowerExpr(context, expr.a), lowerExpr(context, expr.b)]
      const code = comparisonCode(expr.operator, componentOf(expr.a.type)!)
      return a.map((value, lane) => operation(code, value, b[lane]!))
    }
    case 'logic':
      return [logic(context, expr)]
    case 'call':
      return context.inline(
        expr.callee,
        expr.args.map((arg) => locateAny(context, arg)),
      )
    case 'builtin':
      return lowerBuiltin(context, expr)
    case 'construct':
      return expr.args.flatMap((arg) => lowerExpr(context, arg))
    case 'splat': {
      const value = emitter.pin(one(expr.a))
      return Array.from({ length: scalarCount(expr.type) }, () => value)
    }
    case 'convert': {
      const [from, to] = [componentOf(expr.a.type)!, componentOf(expr.type)!]
      return lowerExpr(context, expr.a).map((value) => convert(value, from, to))
    }
    case 'bitcast': {
      const [from, to] = [componentOf(expr.a.type)!, componentOf(expr.type)!]
      return lowerExpr(context, expr.a).map((value) => {
        if ((from === 'f32') === (to === 'f32')) return value
        return from === 'f32' ? floatBits(emitter, value) : operation('f32.reinterpret_i32', value)
      })
    }
  }
}

export function constants(values: Constant, type: Type): Value[] {
  const scalars = scalarsOf(type)
  return values.map((value, index) => constant(valueType(scalars[index]!), value))
}

function tileWords(field: string): TaskWord[] {
  switch (field) {
    case 'origin':
      return ['originX', 'originY', 'originZ']
    case 'size':
      return ['sizeX', 'sizeY', 'sizeZ']
    case 'width':
      return ['tileWidth']
    case 'height':
      return ['tileHeight']
    default:
      return ['halo']
  }
}

function readProven(context: Context, expr: Expr, type: ValueType): Value | null {
  const found = context.proven.get(expr)
  if (found === undefined) return null
  const index = lowerExpr(context, found.index)[0]!
  return { kind: 'load', type, address: operation('i32.add', found.base, operation('i32.shl', index, int(2))), offset: 0 }
}

function readInput(context: Context, index: Value): Value {
  const inside = least(context.emitter, index, context.task('inputLast'), false)
  const address = operation('i32.add', context.task('inputAddress'), operation('i32.shl', inside, int(2)))
  return { kind: 'load', type: 'i32', address, offset: 0 }
}

/** Where an expression's value lies, without copying it if it is part of a variable, parameter or table. */
export function locate(context: Context, expr: Expr): Location {
  switch (expr.op) {
    case 'constant':
      return { kind: 'constants', values: expr.value }
    case 'local':
      return context.slots.get(expr.local)!
    case 'parameter': {
      if (expr.slot.length === null) return { kind: 'values', values: [context.parameter(expr.slot.offset, expr.slot.element)] }
      return { kind: 'memory', base: PARAMETERS_ADDRESS + expr.slot.offset * 4, offset: null }
    }
    case 'member':
      return part(locate(context, expr.of), memberStart(expr.of.type, expr.member), scalarCount(expr.type))
    case 'swizzle': {
      const values = read(context, locate(context, expr.of), expr.of.type)
      return { kind: 'values', values: expr.lanes.map((lane) => values[lane]!) }
    }
    case 'index': {
      const of = locate(context, expr.of)
      return element(context, of, expr.of.type, lowerExpr(context, expr.index)[0]!)
    }
    default:
      return { kind: 'values', values: lowerExpr(context, expr) }
  }
}

/** Like {@link locate}, with every scalar pinned, so that the location outlives the statement. */
function locateAny(context: Context, expr: Expr): Location {
  const found = locate(context, expr)
  if (found.kind === 'values') return { kind: 'values', values: found.values.map((value) => context.emitter.pin(value)) }
  if (found.kind === 'constants')
    return scalarCount(expr.type) > 64 ? found : { kind: 'values', values: constants(found.values, expr.type) }
  return { ...found, offset: found.offset === null ? null : context.emitter.pin(found.offset) }
}

export function memberStart(type: Type, member: number): number {
  return type.kind === 'struct' ? type.members.slice(0, member).reduce((sum, entry) => sum + scalarCount(entry.type), 0) : 0
}

export function part(of: Location, start: number, count: number): Location {
  if (of.kind === 'memory') return { ...of, base: of.base + start * 4 }
  return { kind: of.kind, values: of.values.slice(start, start + count) } as Location
}

/** The element that an index selects; an index outside is clamped to the last. */
export function element(context: Context, of: Location, type: Type, index: Value): Location {
  const length = type.kind === 'array' ? type.length : scalarCount(type)
  const size = scalarCount(type) / length
  if (isConstant(index)) return part(of, Math.min(index.value >>> 0, length - 1) * size, size)
  if (of.kind === 'values') return { kind: 'values', values: [selectLane(context, of.values, index)] }
  const { emitter } = context
  const inside = upperBound(index, emitter.bounds) < length ? index : least(emitter, index, int(length - 1), false)
  const bytes = operation('i32.mul', inside, int(size * 4))
  const memory = of.kind === 'memory' ? of : { base: context.tables.address(of.values, type), offset: null }
  return { kind: 'memory', base: memory.base, offset: memory.offset === null ? bytes : operation('i32.add', memory.offset, bytes) }
}

function selectLane(context: Context, values: Value[], index: Value): Value {
  const pinned = context.emitter.pin(index)
  return values.reduceRight((rest, value, lane) => operation('select', value, rest, operation('i32.eq', pinned, int(lane))))
}

/** Scalars that lie at a location. */
export function read(context: Context, at: Location, type: Type): Value[] {
  if (at.kind === 'values') return at.values
  if (at.kind === 'constants') return constants(at.values, type)
  const address = at.offset === null ? int(0) : context.emitter.pin(at.offset)
  return scalarsOf(type).map((scalar, index) => ({ kind: 'load', type: valueType(scalar), address, offset: at.base + index * 4 }))
}

const INTEGER_CODES: Record<string, Code> = {
  '+': 'i32.add',
  '-': 'i32.sub',
  '*': 'i32.mul',
  '&': 'i32.and',
  '|': 'i32.or',
  '^': 'i32.xor',
  '<<': 'i32.shl',
}
const FLOAT_CODES: Record<string, Code> = { '+': 'f32.add', '-': 'f32.sub', '*': 'f32.mul', '/': 'f32.div' }

function arithmetic(emitter: Emitter, operator: string, a: Value, b: Value, type: ScalarName): Value {
  if (type === 'f32') {
    const code = FLOAT_CODES[operator]
    if (code !== undefined) return operation(code, a, b)
    const [x, y] = [emitter.pin(a), emitter.pin(b)]
    return operation('f32.sub', x, operation('f32.mul', y, operation('f32.trunc', operation('f32.div', x, y))))
  }
  if (operator === '/' || operator === '%') return divide(emitter, operator, a, b, type)
  if (operator === '>>') return operation(type === 'i32' ? 'i32.shr_s' : 'i32.shr_u', a, b)
  return operation(INTEGER_CODES[operator]!, a, b)
}

function comparisonCode(operator: string, type: ScalarName): Code {
  const name = { '==': 'eq', '!=': 'ne', '<': 'lt', '>': 'gt', '<=': 'le', '>=': 'ge' }[operator]!
  if (type === 'f32') return `f32.${name}` as Code
  if (name === 'eq' || name === 'ne') return `i32.${name}` as Code
  return `i32.${name}_${type === 'i32' ? 's' : 'u'}` as Code
}

/** Both sides where that is cheap and cannot cost fuel; otherwise the right one only where it counts. */
function logic(context: Context, expr: Expr & { op: 'logic' }): Value {
  const { emitter } = context
  const and = expr.operator === '&&'
  const left = lowerExpr(context, expr.a)[0]!
  if (isConstant(left)) return (left.value !== 0) === and ? lowerExpr(context, expr.b)[0]! : left
  const result = emitter.local('i32')
  let right: Value = int(0)
  const steps = emitter.capture(() => {
    right = lowerExpr(context, expr.b)[0]!
  })
  if (steps.length === 0 && sizeOf(right) <= 12) return operation(and ? 'i32.and' : 'i32.or', left, right)
  emitter.set(result, left)
  const more = [...steps, { kind: 'set' as const, local: result, value: right }]
  emitter.emit({ kind: 'if', condition: get('i32', result), then: and ? more : [], else: and ? [] : more })
  return get('i32', result)
}

function lowerBuiltin(context: Context, expr: Expr & { op: 'builtin' }): Value[] {
  const { emitter } = context
  const { name } = expr
  const args = expr.args.map((arg) => lowerExpr(context, arg))
  const type = componentOf(expr.args[0]!.type)!
  const [a, b, c, d] = args as [Value[], Value[], Value[], Value[]]
  const add: Code = type === 'f32' ? 'f32.add' : 'i32.add'
  const multiply: Code = type === 'f32' ? 'f32.mul' : 'i32.mul'
  const dot = (x: Value[], y: Value[]) =>
    x.map((value, lane) => operation(multiply, value, y[lane]!)).reduce((sum, value) => operation(add, sum, value))
  const length = (x: Value[]) => {
    const pinned = x.map((value) => emitter.pin(value))
    return x.length === 1 ? operation('f32.abs', x[0]!) : operation('f32.sqrt', dot(pinned, pinned))
  }
  switch (name) {
    case 'all':
      return [a.reduce((all, value) => operation('i32.and', all, value))]
    case 'any':
      return [a.reduce((any, value) => operation('i32.or', any, value))]
    case 'select': {
      const conditions = c.map((value) => emitter.pin(value))
      return a.map((value, lane) => operation('select', b[lane]!, value, conditions[conditions.length === 1 ? 0 : lane]!))
    }
    case 'dot':
      return [dot(a, b)]
    case 'length':
      return [length(a)]
    case 'distance':
      return [length(a.map((value, lane) => operation('f32.sub', value, b[lane]!)))]
    case 'normalize': {
      const pinned = a.map((value) => emitter.pin(value))
      const size = emitter.pin(length(pinned))
      return pinned.map((value) => operation('f32.div', value, size))
    }
    case 'cross': {
      const [x, y] = [a.map((value) => emitter.pin(value)), b.map((value) => emitter.pin(value))]
      return [
        [1, 2],
        [2, 0],
        [0, 1],
      ].map(([i, j]) => operation('f32.sub', operation('f32.mul', x[i!]!, y[j!]!), operation('f32.mul', x[j!]!, y[i!]!)))
    }
    case 'multiplyFixed':
      return [multiplyFixed(a[0]!, b[0]!, isConstant(c[0]!) ? c[0].value : 0)]
    case 'extractBits':
      return a.map((value) => extractBits(emitter, value, emitter.pin(b[0]!), emitter.pin(c[0]!), type))
    case 'insertBits':
      return a.map((value, lane) => insertBits(emitter, value, b[lane]!, emitter.pin(c[0]!), emitter.pin(d[0]!)))
    case 'pack4xU8':
      return [
        a
          .map((value, lane) => operation('i32.shl', operation('i32.and', value, int(0xff)), int(8 * lane)))
          .reduce((word, value) => operation('i32.or', word, value)),
      ]
    case 'unpack4xU8': {
      const word = emitter.pin(a[0]!)
      return [0, 8, 16, 24].map((shift) => operation('i32.and', operation('i32.shr_u', word, int(shift)), int(0xff)))
    }
  }
  return a.map((_, lane) => {
    const operands = args.map((arg) => arg[lane]!)
    const direct = lowerUniform(emitter, name, operands, type)
    if (direct !== null) return direct
    return context.inline(
      libraryFunction(name),
      operands.map((value) => ({ kind: 'values', values: [emitter.pin(value)] })),
    )[0]!
  })
}
