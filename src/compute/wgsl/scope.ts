import { BUILTINS } from './builtins.ts'
import type { Expr, Fn, Local } from './ir.ts'
import type { Type } from './types.ts'

/** What a name stands for. */
export type Meaning =
  | { kind: 'local'; local: Local }
  | { kind: 'constant'; value: Expr }
  | { kind: 'type'; type: Type }
  | { kind: 'function'; fn: Fn }

/** Names that the platform gives to every kernel. */
export const PRELUDE_NAMES = ['params', 'tile', 'input'] as const

const TYPE_NAMES = [
  'bool',
  'i32',
  'u32',
  'f32',
  'f16',
  'vec2',
  'vec3',
  'vec4',
  'array',
  'ptr',
  'atomic',
  ...['i', 'u', 'f', 'h'].flatMap((suffix) => [2, 3, 4].map((size) => `vec${size}${suffix}`)),
]

const KEYWORDS = [
  'alias',
  'break',
  'case',
  'const',
  'const_assert',
  'continue',
  'continuing',
  'default',
  'diagnostic',
  'discard',
  'else',
  'enable',
  'false',
  'fn',
  'for',
  'if',
  'let',
  'loop',
  'override',
  'requires',
  'return',
  'struct',
  'switch',
  'true',
  'var',
  'while',
  'bitcast',
]

const TAKEN = new Set<string>([...PRELUDE_NAMES, ...TYPE_NAMES, ...KEYWORDS])

/** Why a name cannot be declared, or null where it can. Inside a function, a name may hide a builtin function. */
export function nameProblem(name: string, inFunction: boolean): string | null {
  if (TAKEN.has(name) || (!inFunction && BUILTINS.has(name))) return `"${name}" already means something in WGSL or on this platform`
  if (name === '_' || name.startsWith('__')) return `"${name}" is not a name: names do not begin with two underscores`
  return null
}

/** Nested scopes of one function over those of the module. */
export class Scope {
  readonly #levels: Map<string, Meaning>[] = [new Map()]

  open(): void {
    this.#levels.push(new Map())
  }

  close(): void {
    this.#levels.pop()
  }

  /** False when the innermost scope has the name already. */
  declare(name: string, meaning: Meaning): boolean {
    const level = this.#levels.at(-1)!
    if (level.has(name)) return false
    level.set(name, meaning)
    return true
  }

  find(name: string): Meaning | null {
    for (let level = this.#levels.length - 1; level >= 0; level--) {
      const meaning = this.#levels[level]!.get(name)
      if (meaning !== undefined) return meaning
    }
    return null
  }
}
