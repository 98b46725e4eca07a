import { MAX_NESTING } from '../limits.ts'
import { fail, tokenize } from './lexer.ts'
import type { Token } from './lexer.ts'

/** Reads tokens one after another and counts how deeply the reader is nested. */
export class Cursor {
  readonly source: string
  readonly #tokens: Token[]
  #position = 0
  #depth = 0

  constructor(source: string) {
    this.source = source
    this.#tokens = tokenize(source)
  }

  get token(): Token {
    return this.#tokens[this.#position]!
  }

  get next(): Token {
    return this.#tokens[Math.min(this.#position + 1, this.#tokens.length - 1)]!
  }

  take(): Token {
    const token = this.token
    if (token.kind !== 'end') this.#position++
    return token
  }

  is(...texts: string[]): boolean {
    return (this.token.kind === 'symbol' || this.token.kind === 'name') && texts.includes(this.token.text)
  }

  /** Takes the token if it is this one. */
  accept(text: string): boolean {
    if (!this.is(text)) return false
    this.#position++
    return true
  }

  expect(text: string, where: string, hint = ''): Token {
    if (!this.is(text)) this.fail(`expected "${text}" ${where}, found ${this.found()}`, hint)
    return this.take()
  }

  /** The `>` that closes a template list, also where it is the first half of a longer symbol. */
  expectClosingAngle(): void {
    const token = this.token
    if (token.kind === 'symbol' && token.text.startsWith('>') && token.text.length > 1) {
      this.#tokens[this.#position] = { ...token, text: token.text.slice(1), at: token.at + 1 }
      return
    }
    this.expect('>', 'at the end of a list of types')
  }

  name(what: string): Token {
    if (this.token.kind !== 'name') this.fail(`expected ${what}, found ${this.found()}`)
    return this.take()
  }

  found(): string {
    return this.token.kind === 'end' ? 'the end of the source' : `"${this.token.text}"`
  }

  fail(problem: string, hint = '', at: number = this.token.at): never {
    return fail(this.source, at, problem, hint)
  }

  /** Runs `read` one level deeper. Throws when a source is nested beyond {@link MAX_NESTING}. */
  nested<T>(read: () => T): T {
    if (++this.#depth > MAX_NESTING) {
      this.fail(`this is nested more than ${MAX_NESTING} levels deep`, 'split it into several statements or functions')
    }
    const result = read()
    this.#depth--
    return result
  }
}
