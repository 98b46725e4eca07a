import type { KernelManifest } from '../../domain/kernel.ts'
import { GpuExpressions } from './gpu-expression.ts'
import { BINDINGS, HELPERS, ROUND, entryPoint, foldModule } from './gpu-prelude.ts'
import { Names } from './gpu-names.ts'
import type { Fn, Program, Stmt } from './ir.ts'
import { Tables } from './tables.ts'
import { scalarsOf } from './types.ts'
import type { ScalarName, Type } from './types.ts'

/** A kernel as WGSL for a browser. */
export interface CompiledShader {
  /** Entry point `main`. */
  code: string
  /** Module that folds results, or null for `concat`. Entry point `main`. */
  fold: string | null
  /** Constant tables, which follow the parameters in the constants buffer. */
  tables: Uint8Array
  resultWords: number
  parameterWords: number
}

/** Writes a checked kernel as a complete shader; every name in it is the compiler's own. */
export function compileToShader(program: Program, manifest: KernelManifest): CompiledShader {
  const parameterWords = program.parameters.reduce((sum, slot) => sum + (slot.length ?? 1), 0)
  const tables = new Tables(0)
  const names = new Names()
  const expressions = new GpuExpressions(names, tables, parameterWords)
  const functions = program.functions.map((fn) => functionText(fn, names, expressions))
  const structs = program.structs.map((struct) => {
    const members = struct.members.map((member, index) => `  m${index}: ${names.type(member.type)},`)
    return `struct ${names.struct(struct.name)} {\n${members.join('\n')}\n}`
  })
  const words = resultWords('r', program.kernel.returns)
  const code = [
    BINDINGS,
    HELPERS,
    ...structs,
    ...expressions.helperFunctions(),
    ...functions,
    entryPoint(program, manifest, names.fn(program.kernel), words),
  ].join('\n')
  return {
    code,
    fold: manifest.reduce === 'concat' ? null : foldModule(manifest, program.resultWords),
    tables: tables.bytes(),
    resultWords: program.resultWords,
    parameterWords,
  }
}

/** Expressions of the words of a result, in order. */
function resultWords(value: string, type: Type): string[] {
  switch (type.kind) {
    case 'scalar':
      return [toWord(value, type.name)]
    case 'vector':
      return [...'xyzw'].slice(0, type.size).map((lane) => toWord(`${value}.${lane}`, type.element))
    case 'array':
      return scalarsOf({ ...type, element: { kind: 'scalar', name: 'u32' } }).flatMap((_, index) =>
        resultWords(`${value}[${index}]`, type.element),
      )
    case 'struct':
      return type.members.flatMap((member, index) => resultWords(`${value}.m${index}`, member.type))
  }
}

function toWord(value: string, scalar: ScalarName): string {
  return scalar === 'f32' ? `bits_(${value})` : scalar === 'i32' ? `bitcast<u32>(${value})` : value
}

function functionText(fn: Fn, names: Names, expressions: GpuExpressions): string {
  const parameters = fn.parameters.map((parameter) => `${names.local(parameter)}p: ${names.type(parameter.type)}`)
  // Some implementations cannot index a parameter by a computed index, but every one can index a variable.
  const copies = fn.parameters.map(
    (parameter) =>
      `  ${parameter.type.kind === 'array' || parameter.type.kind === 'struct' ? 'var' : 'let'} ${names.local(parameter)} = ${names.local(parameter)}p;`,
  )
  const writer = new StatementWriter(names, expressions)
  const body = writer.block(fn.body, '  ')
  // Leaving a loop for want of fuel can lead to an end that the kernel itself never reaches.
  if (fn.body.at(-1)?.op !== 'return') body.push(`  return ${names.type(fn.returns)}();`)
  return `fn ${names.fn(fn)}(${parameters.join(', ')}) -> ${names.type(fn.returns)} {\n${[...copies, ...body].join('\n')}\n}`
}

class StatementWriter {
  readonly #names: Names
  readonly #expressions: GpuExpressions

  constructor(names: Names, expressions: GpuExpressions) {
    this.#names = names
    this.#expressions = expressions
  }

  block(statements: Stmt[], indent: string): string[] {
    const lines: string[] = []
    for (const statement of statements) {
      lines.push(...this.#statement(statement, indent))
      if (statement.op === 'return' || statement.op === 'break' || statement.op === 'continue') break
    }
    return lines
  }

  #statement(statement: Stmt, indent: string): string[] {
    const deeper = `${indent}  `
    const text = this.#expressions
    switch (statement.op) {
      case 'declare': {
        const { local, value } = statement
        const keyword = local.mutable || local.type.kind === 'array' || local.type.kind === 'struct' ? 'var' : 'let'
        const type = this.#names.type(local.type)
        // Without a value, Chromium 156 zeroes a variable that a loop declares in the first round only.
        const initial = value === null ? `${type}()` : text.write(value)
        return [`${indent}${keyword} ${this.#names.local(local)}: ${type} = ${initial};`]
      }
      case 'assign':
        return [`${indent}${text.place(statement.place)} = ${text.write(statement.value)};`]
      case 'block':
        return [`${indent}{`, ...this.block(statement.body, deeper), `${indent}}`]
      case 'if': {
        const otherwise = statement.else.length === 0 ? [] : [`${indent}} else {`, ...this.block(statement.else, deeper)]
        return [`${indent}if (${text.write(statement.condition)}) {`, ...this.block(statement.then, deeper), ...otherwise, `${indent}}`]
      }
      case 'switch': {
        const suffix = statement.selector.type.kind === 'scalar' && statement.selector.type.name === 'i32' ? 'i' : 'u'
        const cases = statement.cases.flatMap((entry) => {
          const labels = [
            ...entry.values.map((value) => (value === -0x8000_0000 ? '(-2147483647i - 1i)' : `${value}${suffix}`)),
            ...(entry.isDefault ? ['default'] : []),
          ]
          return [`${deeper}case ${labels.join(', ')}: {`, ...this.block(entry.body, `${deeper}  `), `${deeper}}`]
        })
        return [`${indent}switch (${text.write(statement.selector)}) {`, ...cases, `${indent}}`]
      }
      case 'loop': {
        const condition = statement.condition === null ? [] : [`${deeper}if (!(${text.write(statement.condition)})) { break; }`]
        const breakIf = statement.breakIf === null ? [] : [`${deeper}  break if ${text.write(statement.breakIf)};`]
        const continuing = [`${deeper}continuing {`, ...this.block(statement.continuing, `${deeper}  `), ...breakIf, `${deeper}}`]
        return [`${indent}loop {`, ...condition, `${deeper}${ROUND}`, ...this.block(statement.body, deeper), ...continuing, `${indent}}`]
      }
      case 'break':
      case 'continue':
        return [`${indent}${statement.op};`]
      case 'return':
        return [`${indent}return ${text.write(statement.value)};`]
    }
  }
}
