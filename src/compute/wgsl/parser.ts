/**
 * Reads the kernel subset of WGSL into a syntax tree.
 *
 * Written here, because no package meets the need: the published WGSL parsers for JavaScript give neither columns
 * nor hints with their errors, check no types, have no limit on nesting, and accept the whole language, so that a
 * second pass would have to take most of it away again. The subset is small enough for a recursive descent.
 */
import { MAX_FUNCTIONS } from '../limits.ts'
import type { Declaration, Expression, FunctionDeclaration, ModuleItem, Statement, StructDeclaration, SwitchCase, TypeName } from './ast.ts'
import { Cursor } from './cursor.ts'
import { parseExpression, parseType, postfix, primary } from './parse-expression.ts'

const ASSIGNMENTS = ['=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '<<=', '>>=']
const OUTSIDE: Record<string, string> = {
  override: 'use a parameter of the manifest, or const',
  enable: 'the subset needs no extension',
  requires: 'the subset needs no extension',
  diagnostic: 'the subset needs no extension',
}

/** Parses a kernel's source. Throws `KernelError` with line, column and a hint. */
export function parse(source: string): ModuleItem[] {
  const cursor = new Cursor(source)
  const items: ModuleItem[] = []
  while (cursor.token.kind !== 'end') {
    if (cursor.accept(';')) continue
    if (items.length >= MAX_FUNCTIONS * 4) cursor.fail(`more than ${MAX_FUNCTIONS * 4} declarations are not possible`)
    items.push(moduleItem(cursor))
  }
  return items
}

function moduleItem(cursor: Cursor): ModuleItem {
  const { at, text } = cursor.token
  if (cursor.is('@')) {
    cursor.fail('attributes are not in the subset', 'the platform writes entry point, bindings and layout: write plain functions')
  }
  if (cursor.accept('fn')) return functionItem(cursor, at)
  if (cursor.accept('struct')) return structItem(cursor, at)
  if (cursor.accept('const_assert')) {
    const condition = parseExpression(cursor)
    cursor.expect(';', 'after const_assert')
    return { kind: 'assert', at, condition }
  }
  if (cursor.accept('alias')) {
    const name = cursor.name('a name for the type').text
    cursor.expect('=', 'after the name')
    const type = parseType(cursor)
    cursor.expect(';', 'after the type')
    return { kind: 'alias', at, name, type }
  }
  if (cursor.is('const')) {
    const declaration = declare(cursor)
    cursor.expect(';', 'after a constant')
    return declaration
  }
  if (cursor.is('var'))
    cursor.fail('variables outside functions are not in the subset', 'inputs are read as params, tile and input; results are returned')
  const hint = OUTSIDE[text]
  if (hint !== undefined) cursor.fail(`"${text}" is not in the subset`, hint)
  return cursor.fail(`expected fn, const, struct, alias or const_assert, found ${cursor.found()}`)
}

function functionItem(cursor: Cursor, at: number): FunctionDeclaration {
  const name = cursor.name('the name of the function').text
  cursor.expect('(', 'after the name of the function')
  const parameters: FunctionDeclaration['parameters'] = []
  while (!cursor.is(')')) {
    parameters.push(typed(cursor, 'the name of a parameter'))
    if (!cursor.accept(',')) break
  }
  cursor.expect(')', 'after the parameters')
  const returns: TypeName | null = cursor.accept('->') ? parseType(cursor) : null
  const body = block(cursor)
  return { kind: 'function', at, name, parameters, returns, body: body.body, end: body.end }
}

function structItem(cursor: Cursor, at: number): StructDeclaration {
  const name = cursor.name('the name of the struct').text
  cursor.expect('{', 'after the name of the struct')
  const members: StructDeclaration['members'] = []
  while (!cursor.is('}')) {
    members.push(typed(cursor, 'the name of a member'))
    if (!cursor.accept(',')) break
  }
  cursor.expect('}', 'after the members')
  if (members.length === 0) cursor.fail(`struct ${name} has no members`, 'give it one', at)
  return { kind: 'struct', at, name, members }
}

function typed(cursor: Cursor, what: string): { at: number; name: string; type: TypeName } {
  if (cursor.is('@')) cursor.fail('attributes are not in the subset', 'leave it out')
  const { at, text } = cursor.name(what)
  cursor.expect(':', `after "${text}"`)
  return { at, name: text, type: parseType(cursor) }
}

function block(cursor: Cursor): { body: Statement[]; end: number } {
  cursor.expect('{', 'to begin a block')
  return cursor.nested(() => {
    const body: Statement[] = []
    while (!cursor.is('}')) {
      if (cursor.token.kind === 'end') cursor.fail('expected "}" to close the block, found the end of the source')
      const found = statement(cursor)
      if (found !== null) body.push(found)
    }
    return { body, end: cursor.take().at }
  })
}

function statement(cursor: Cursor): Statement | null {
  const { at, text } = cursor.token
  if (cursor.accept(';')) return null
  switch (cursor.token.kind === 'name' || cursor.is('{') ? text : '') {
    case '{':
      return { kind: 'block', at, body: block(cursor).body }
    case 'if':
      return conditional(cursor)
    case 'switch':
      return selection(cursor)
    case 'for':
      return counted(cursor)
    case 'while': {
      cursor.take()
      const condition = parseExpression(cursor)
      return { kind: 'while', at, condition, body: block(cursor).body }
    }
    case 'loop':
      return endless(cursor)
  }
  const simple = simpleStatement(cursor)
  cursor.expect(';', 'at the end of the statement')
  return simple
}

function simpleStatement(cursor: Cursor): Statement {
  const { at, text } = cursor.token
  switch (text) {
    case 'var':
    case 'let':
    case 'const':
      return declare(cursor)
    case 'break':
    case 'continue':
      cursor.take()
      if (cursor.is('if')) cursor.fail('"break if" stands only at the end of a continuing block', 'write if (…) { break; }')
      return { kind: text, at }
    case 'return':
      cursor.take()
      return { kind: 'return', at, value: cursor.is(';') ? null : parseExpression(cursor) }
    case 'discard':
      return cursor.fail('"discard" is not in the subset', 'return a value')
    default:
      return assignment(cursor)
  }
}

function assignment(cursor: Cursor): Statement {
  const { at } = cursor.token
  if (cursor.is('*', '&')) cursor.fail('pointers are not in the subset', 'pass the value and return the new one')
  if (cursor.token.kind !== 'name') cursor.fail(`expected a statement, found ${cursor.found()}`)
  const target = postfix(cursor, primary(cursor))
  if (cursor.is('++', '--')) {
    const operator = cursor.take().text === '++' ? '+=' : '-='
    return { kind: 'assign', at, operator, target, value: { kind: 'int', at, value: 1, suffix: '' } }
  }
  const operator = ASSIGNMENTS.find((candidate) => cursor.is(candidate))
  if (operator === undefined) {
    if (target.kind === 'call') {
      cursor.fail(`the value of this call is not used`, 'functions of a kernel only return values: assign it, or leave the call out', at)
    }
    cursor.fail(`expected "=" or another assignment, found ${cursor.found()}`)
  }
  cursor.take()
  return { kind: 'assign', at, operator, target, value: parseExpression(cursor) }
}

function declare(cursor: Cursor): Declaration {
  const { at, text } = cursor.take()
  if (cursor.is('<')) cursor.fail('address spaces are not in the subset', 'write "var" alone')
  const name = cursor.name(`a name after "${text}"`).text
  const type = cursor.accept(':') ? parseType(cursor) : null
  const value: Expression | null = cursor.accept('=') ? parseExpression(cursor) : null
  if (value === null && text !== 'var') cursor.fail(`"${name}" needs a value: "${text}" cannot be set later`, 'use var', at)
  if (value === null && type === null) cursor.fail(`"${name}" needs a type or a value`, '', at)
  return { kind: 'declare', at, keyword: text as Declaration['keyword'], name, type, value }
}

function conditional(cursor: Cursor): Statement {
  const { at } = cursor.take()
  const condition = parseExpression(cursor)
  const then = block(cursor).body
  if (!cursor.accept('else')) return { kind: 'if', at, condition, then, else: [] }
  if (cursor.is('if')) return { kind: 'if', at, condition, then, else: [cursor.nested(() => conditional(cursor))] }
  return { kind: 'if', at, condition, then, else: block(cursor).body }
}

function selection(cursor: Cursor): Statement {
  const { at } = cursor.take()
  const selector = parseExpression(cursor)
  cursor.expect('{', 'after the selector of a switch')
  const cases: SwitchCase[] = []
  while (!cursor.accept('}')) {
    const start = cursor.token.at
    const selectors: (Expression | null)[] = []
    if (cursor.accept('default')) {
      selectors.push(null)
    } else {
      cursor.expect('case', 'or "default" in a switch')
      do {
        if (cursor.is(':', '{')) break
        selectors.push(cursor.accept('default') ? null : parseExpression(cursor))
      } while (cursor.accept(','))
    }
    cursor.accept(':')
    cases.push({ at: start, selectors, body: block(cursor).body })
  }
  return { kind: 'switch', at, selector, cases }
}

function counted(cursor: Cursor): Statement {
  const { at } = cursor.take()
  cursor.expect('(', 'after "for"')
  const init = cursor.is(';') ? null : simpleStatement(cursor)
  cursor.expect(';', 'after the start of a for loop')
  const condition = cursor.is(';') ? null : parseExpression(cursor)
  cursor.expect(';', 'after the condition of a for loop')
  const update = cursor.is(')') ? null : simpleStatement(cursor)
  cursor.expect(')', 'to end the head of a for loop')
  if (update !== null && update.kind !== 'assign') cursor.fail('only an assignment can be the step of a for loop', '', update.at)
  if (init !== null && init.kind !== 'assign' && init.kind !== 'declare') cursor.fail('only a variable can begin a for loop', '', init.at)
  return { kind: 'for', at, init, condition, update, body: block(cursor).body }
}

function endless(cursor: Cursor): Statement {
  const { at } = cursor.take()
  cursor.expect('{', 'after "loop"')
  return cursor.nested(() => {
    const body: Statement[] = []
    let continuing: Statement[] = []
    let breakIf: Expression | null = null
    while (!cursor.accept('}')) {
      if (cursor.token.kind === 'end') cursor.fail('expected "}" to close the loop, found the end of the source')
      if (!cursor.accept('continuing')) {
        const found = statement(cursor)
        if (found !== null) body.push(found)
        continue
      }
      ;({ continuing, breakIf } = continuation(cursor))
      cursor.expect('}', 'after continuing: it ends its loop')
      break
    }
    return { kind: 'loop', at, body, continuing, breakIf }
  })
}

function continuation(cursor: Cursor): { continuing: Statement[]; breakIf: Expression | null } {
  cursor.expect('{', 'after "continuing"')
  return cursor.nested(() => {
    const continuing: Statement[] = []
    let breakIf: Expression | null = null
    while (!cursor.accept('}')) {
      if (cursor.token.kind === 'end') cursor.fail('expected "}" to close the block, found the end of the source')
      if (cursor.is('break') && cursor.next.text === 'if') {
        cursor.take()
        cursor.take()
        breakIf = parseExpression(cursor)
        cursor.expect(';', 'after "break if"')
        cursor.expect('}', 'after "break if": it ends its block')
        break
      }
      const found = statement(cursor)
      if (found !== null) continuing.push(found)
    }
    return { continuing, breakIf }
  })
}
