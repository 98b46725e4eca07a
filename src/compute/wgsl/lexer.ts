import { KernelError } from '../errors.ts'
import { MAX_SOURCE_LENGTH } from '../limits.ts'

export type TokenKind = 'name' | 'int' | 'float' | 'symbol' | 'end'

export interface Token {
  kind: TokenKind
  text: string
  /** Offset in the source, UTF-16 units. */
  at: number
  /** For numbers. */
  value: number
  suffix: '' | 'i' | 'u' | 'f'
}

/** Refuses the kernel at an offset of its source. */
export function fail(source: string, at: number, problem: string, hint = ''): never {
  const before = source.slice(0, at)
  const line = before.split('\n').length
  throw new KernelError(problem, line, at - before.lastIndexOf('\n'), hint)
}

const SYMBOLS = [
  '>>=',
  '<<=',
  '->',
  '==',
  '!=',
  '<=',
  '>=',
  '&&',
  '||',
  '<<',
  '>>',
  '++',
  '--',
  '+=',
  '-=',
  '*=',
  '/=',
  '%=',
  '&=',
  '|=',
  '^=',
  '(',
  ')',
  '{',
  '}',
  '[',
  ']',
  '<',
  '>',
  ';',
  ':',
  ',',
  '.',
  '=',
  '+',
  '-',
  '*',
  '/',
  '%',
  '&',
  '|',
  '^',
  '~',
  '!',
  '@',
]

const SPACE = /[ \t\n\r\v\f]+/y
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y
const HEX = /0[xX]([0-9a-fA-F]+)([iu]?)/y
const FLOAT = /(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?([fh]?)|\d+[eE][+-]?\d+([fh]?)|\d+([fh])/y
const INT = /(0|[1-9]\d*)([iu]?)/y

/** Splits a kernel's source into tokens, the last one of kind `end`. Throws {@link KernelError} with a position. */
export function tokenize(source: string): Token[] {
  if (source.length > MAX_SOURCE_LENGTH) {
    throw new KernelError(`the source has ${source.length} characters; at most ${MAX_SOURCE_LENGTH} are allowed`, 1, 1)
  }
  const tokens: Token[] = []
  const match = (pattern: RegExp, at: number): RegExpExecArray | null => {
    pattern.lastIndex = at
    return pattern.exec(source)
  }
  let at = 0
  while (at < source.length) {
    const skipped = skip(source, at, match)
    if (skipped > at) {
      at = skipped
      continue
    }
    const token = number(source, at, match) ?? name(at, match) ?? symbol(source, at)
    if (token === null) {
      fail(source, at, `the character ${JSON.stringify(String.fromCodePoint(source.codePointAt(at)!))} is not part of WGSL`)
    }
    tokens.push(token)
    at += token.text.length
  }
  tokens.push({ kind: 'end', text: '', at: source.length, value: 0, suffix: '' })
  return tokens
}

type Match = (pattern: RegExp, at: number) => RegExpExecArray | null

function skip(source: string, at: number, match: Match): number {
  const space = match(SPACE, at)
  if (space !== null) return at + space[0].length
  if (source.startsWith('//', at)) {
    const end = source.indexOf('\n', at)
    return end < 0 ? source.length : end
  }
  if (!source.startsWith('/*', at)) return at
  const edge = /\/\*|\*\//g
  edge.lastIndex = at
  let depth = 0
  for (let found = edge.exec(source); found !== null; found = edge.exec(source)) {
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return found.index + 2
  }
  return fail(source, at, 'this comment is never closed', 'write */ at its end')
}

function number(source: string, at: number, match: Match): Token | null {
  const hex = match(HEX, at)
  const float = hex === null ? match(FLOAT, at) : null
  const found = hex ?? float ?? match(INT, at)
  if (found === null) return null
  const text = found[0]
  const next = source[at + text.length]
  if (next !== undefined && /[A-Za-z0-9_.]/.test(next) && !(next === '.' && float !== null)) {
    if (hex !== null && /[.pP]/.test(next)) fail(source, at, 'hexadecimal floats are not in the subset', 'write the number in decimal')
    fail(source, at, `${JSON.stringify(text + next)}… is not a number`, 'a suffix is i, u or f; no leading zeros')
  }
  if (float !== null) {
    const suffix = float[1] ?? float[2] ?? float[3] ?? ''
    if (suffix === 'h') fail(source, at, 'f16 is not in the subset', 'use f32')
    const value = Number(suffix === '' ? text : text.slice(0, -1))
    if (!Number.isFinite(suffix === 'f' ? Math.fround(value) : value)) fail(source, at, `${text} is too large for a float`)
    return { kind: 'float', text, at, value, suffix: suffix as 'f' | '' }
  }
  const suffix = found[2] as 'i' | 'u' | ''
  const value = Number(hex === null ? found[1] : `0x${hex[1]}`)
  const most = suffix === 'i' ? 0x7fff_ffff : suffix === 'u' ? 0xffff_ffff : Number.MAX_SAFE_INTEGER
  if (value > most) fail(source, at, `${text} is too large: ${most} is the largest possible here`)
  return { kind: 'int', text, at, value, suffix }
}

function name(at: number, match: Match): Token | null {
  const found = match(NAME, at)
  return found === null ? null : { kind: 'name', text: found[0], at, value: 0, suffix: '' }
}

function symbol(source: string, at: number): Token | null {
  const text = SYMBOLS.find((candidate) => source.startsWith(candidate, at))
  return text === undefined ? null : { kind: 'symbol', text, at, value: 0, suffix: '' }
}
