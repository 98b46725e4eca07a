import type { Expression, TypeName } from './ast.ts'
import type { Cursor } from './cursor.ts'

const GENERIC = new Set(['vec2', 'vec3', 'vec4', 'array', 'bitcast', 'ptr', 'atomic', 'mat2x2', 'mat3x3', 'mat4x4'])
const RELATIONAL = ['==', '!=', '<', '>', '<=', '>=']
const BITWISE = ['&', '|', '^']

/** A type, such as `vec3<u32>` or `array<f32, 4>`. */
export function parseType(cursor: Cursor): TypeName {
  const token = cursor.name('a type')
  return cursor.nested(() => ({ at: token.at, name: token.text, arguments: templateArguments(cursor, token.text) }))
}

function templateArguments(cursor: Cursor, name: string): (TypeName | Expression)[] {
  if (!GENERIC.has(name) || !cursor.is('<')) return []
  cursor.take()
  const found: (TypeName | Expression)[] = []
  do {
    if (cursor.is('>')) break
    // The second argument of an array is an expression without comparison, so that ">" ends it.
    found.push(name === 'array' && found.length === 1 ? additive(cursor) : parseType(cursor))
  } while (cursor.accept(','))
  cursor.expectClosingAngle()
  return found
}

/** An expression by WGSL's grammar, in which operators that are easily confused need parentheses. */
export function parseExpression(cursor: Cursor): Expression {
  return cursor.nested(() => {
    const start = cursor.token.at
    const first = relational(cursor, true)
    const operator = ['&&', '||', ...BITWISE].find((candidate) => cursor.is(candidate))
    if (operator === undefined) return first
    if (BITWISE.includes(operator) && first.kind === 'binary' && !parenthesised.has(first)) {
      cursor.fail(`"${operator}" next to "${first.operator}" needs parentheses`, `write (… ${first.operator} …) ${operator} …`)
    }
    let left = first
    while (cursor.is(operator)) {
      cursor.take()
      const right = BITWISE.includes(operator) ? unary(cursor) : relational(cursor, true)
      left = { kind: 'binary', at: start, operator, left, right }
    }
    const other = ['&&', '||', ...BITWISE, ...RELATIONAL, '<<', '>>', '+', '-', '*', '/', '%'].find((candidate) => cursor.is(candidate))
    if (other !== undefined) cursor.fail(`"${operator}" next to "${other}" needs parentheses`, `write (… ${operator} …) ${other} …`)
    return left
  })
}

const parenthesised = new WeakSet<Expression>()

function relational(cursor: Cursor, compare: boolean): Expression {
  const left = shift(cursor)
  const operator = RELATIONAL.find((candidate) => cursor.is(candidate))
  if (!compare || operator === undefined) return left
  cursor.take()
  const result: Expression = { kind: 'binary', at: left.at, operator, left, right: shift(cursor) }
  if (RELATIONAL.some((candidate) => cursor.is(candidate))) {
    cursor.fail('comparisons cannot be chained', 'write a < b && b < c')
  }
  return result
}

function shift(cursor: Cursor): Expression {
  const left = additive(cursor)
  if (!cursor.is('<<') && !cursor.is('>>')) return left
  if (left.kind === 'binary' && !parenthesised.has(left)) {
    cursor.fail(
      `"${cursor.token.text}" next to "${left.operator}" needs parentheses`,
      `write (… ${left.operator} …) ${cursor.token.text} …`,
    )
  }
  const operator = cursor.take().text
  const right = unary(cursor)
  if (cursor.is('<<', '>>', '+', '-', '*', '/', '%')) cursor.fail(`"${operator}" next to "${cursor.token.text}" needs parentheses`)
  return { kind: 'binary', at: left.at, operator, left, right }
}

function additive(cursor: Cursor): Expression {
  let left = multiplicative(cursor)
  while (cursor.is('+', '-')) {
    const operator = cursor.take().text
    left = { kind: 'binary', at: left.at, operator, left, right: multiplicative(cursor) }
  }
  return left
}

function multiplicative(cursor: Cursor): Expression {
  let left = unary(cursor)
  while (cursor.is('*', '/', '%')) {
    const operator = cursor.take().text
    left = { kind: 'binary', at: left.at, operator, left, right: unary(cursor) }
  }
  return left
}

function unary(cursor: Cursor): Expression {
  const { at, text } = cursor.token
  if (cursor.is('-', '!', '~')) {
    cursor.take()
    return cursor.nested(() => ({ kind: 'unary', at, operator: text, operand: unary(cursor) }))
  }
  if (cursor.is('&', '*')) cursor.fail('pointers are not in the subset', 'pass the value and return the new one')
  if (cursor.is('--', '++', '+')) cursor.fail(`"${text}" is not an operator of an expression`, 'WGSL has only the statements i++ and i--')
  return postfix(cursor, primary(cursor))
}

/** What may stand on the left of an assignment, and any primary with its members and indices. */
export function postfix(cursor: Cursor, start: Expression): Expression {
  let object = start
  for (;;) {
    const { at } = object
    if (cursor.accept('.')) {
      const name = cursor.name('the name of a member')
      object = { kind: 'member', at, object, name: name.text, nameAt: name.at }
    } else if (cursor.accept('[')) {
      const index = parseExpression(cursor)
      cursor.expect(']', 'after an index')
      object = { kind: 'index', at, object, index }
    } else return object
  }
}

export function primary(cursor: Cursor): Expression {
  const token = cursor.token
  switch (token.kind) {
    case 'int':
    case 'float':
      cursor.take()
      return { kind: token.kind, at: token.at, value: token.value, suffix: token.suffix }
    case 'name':
      return named(cursor)
    case 'symbol': {
      if (!cursor.accept('(')) break
      const inner = parseExpression(cursor)
      cursor.expect(')', 'to close the parenthesis')
      parenthesised.add(inner)
      return inner
    }
  }
  return cursor.fail(`expected an expression, found ${cursor.found()}`)
}

function named(cursor: Cursor): Expression {
  const token = cursor.take()
  if (token.text === 'true' || token.text === 'false') return { kind: 'bool', at: token.at, value: token.text === 'true' }
  const callee: TypeName = { at: token.at, name: token.text, arguments: templateArguments(cursor, token.text) }
  if (!cursor.is('(')) {
    if (callee.arguments.length > 0) cursor.fail(`expected "(" after the type, found ${cursor.found()}`)
    return { kind: 'name', at: token.at, name: token.text }
  }
  cursor.take()
  const found: Expression[] = []
  while (!cursor.is(')')) {
    found.push(parseExpression(cursor))
    if (!cursor.accept(',')) break
  }
  cursor.expect(')', 'after the arguments')
  return { kind: 'call', at: token.at, callee, arguments: found }
}
