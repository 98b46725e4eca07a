import type { Declaration, Expression, Statement } from './ast.ts'
import type { ExpressionChecker } from './check-expression.ts'
import { findCounted } from './counted.ts'
import type { Expr, Local, LoopStmt, PathStep, Place, Stmt } from './ir.ts'
import { nameProblem } from './scope.ts'
import { BOOL, concreteType, componentOf, isAbstract, typeName, U32 } from './types.ts'
import type { Type } from './types.ts'

interface Surroundings {
  loop: boolean
  breakable: boolean
  continuing: boolean
}

/** Statements of one function. */
export class StatementChecker {
  readonly #expressions: ExpressionChecker
  readonly #returns: Type
  #around: Surroundings = { loop: false, breakable: false, continuing: false }

  constructor(expressions: ExpressionChecker, returns: Type) {
    this.#expressions = expressions
    this.#returns = returns
  }

  block(statements: Statement[]): Stmt[] {
    this.#expressions.scope.open()
    const body = statements.flatMap((statement) => this.#statement(statement))
    this.#expressions.scope.close()
    return body
  }

  declareLocal(at: number, name: string, type: Type, mutable: boolean): Local {
    const local: Local = { name, type, mutable }
    this.#declare(at, name, { kind: 'local', local })
    return local
  }

  #declare(at: number, name: string, meaning: { kind: 'local'; local: Local } | { kind: 'constant'; value: Expr }): void {
    const problem = nameProblem(name, true)
    if (problem !== null) this.#fail(at, problem, 'choose another name')
    if (!this.#expressions.scope.declare(name, meaning)) this.#fail(at, `"${name}" is declared twice in one block`)
  }

  #fail(at: number, problem: string, hint = ''): never {
    return this.#expressions.fail(at, problem, hint)
  }

  #statement(statement: Statement): Stmt[] {
    const { at } = statement
    switch (statement.kind) {
      case 'declare':
        return this.#declaration(statement)
      case 'block':
        return [{ op: 'block', body: this.block(statement.body) }]
      case 'assign':
        return this.#assignment(statement)
      case 'if': {
        const condition = this.#condition(statement.condition)
        return [{ op: 'if', condition, then: this.block(statement.then), else: this.block(statement.else) }]
      }
      case 'switch':
        return [this.#switch(statement)]
      case 'while':
        return [this.#loop(this.#condition(statement.condition), statement.body, [], null)]
      case 'for':
        return this.#for(statement)
      case 'loop':
        return [this.#loop(null, statement.body, statement.continuing, statement.breakIf)]
      case 'break':
      case 'continue':
        if (this.#around.continuing) this.#fail(at, `"${statement.kind}" cannot stand in a continuing block`)
        if (statement.kind === 'break' ? !this.#around.breakable : !this.#around.loop)
          this.#fail(at, `"${statement.kind}" stands outside a loop`)
        return [{ op: statement.kind }]
      case 'return':
        if (this.#around.continuing) this.#fail(at, '"return" cannot stand in a continuing block')
        if (statement.value === null) this.#fail(at, `this function must return ${typeName(this.#returns)}`)
        return [{ op: 'return', value: this.#expressions.checkAs(statement.value, this.#returns, 'the returned value') }]
    }
  }

  #condition(expression: Expression): Expr {
    return this.#expressions.checkAs(expression, BOOL, 'a condition')
  }

  #declaration(statement: Declaration): Stmt[] {
    const { at, name, keyword } = statement
    const { module } = this.#expressions
    if (keyword === 'const') {
      this.#declare(at, name, { kind: 'constant', value: module.constant(statement, this.#expressions) })
      return []
    }
    const declared = statement.type === null ? null : module.type(statement.type, this.#expressions)
    let value: Expr | null = null
    if (statement.value !== null) {
      value =
        declared === null
          ? this.#expressions.checkConcrete(statement.value)
          : this.#expressions.checkAs(statement.value, declared, `"${name}"`)
    }
    const type = declared ?? value!.type
    return [{ op: 'declare', local: this.declareLocal(at, name, type, keyword === 'var'), value }]
  }

  #assignment(statement: Statement & { kind: 'assign' }): Stmt[] {
    const { at, operator, target } = statement
    if (target.kind === 'name' && target.name === '_') this.#fail(at, '"_ = …" does nothing in a kernel', 'leave it out')
    const { place, current } = this.#place(target)
    if (operator === '=')
      return [{ op: 'assign', place, value: this.#expressions.checkAs(statement.value, place.type, 'the assigned value') }]
    const result = this.#expressions.binary(at, operator.slice(0, -1), current, this.#expressions.check(statement.value))
    return [{ op: 'assign', place, value: this.#expressions.convert(result, place.type, 'the assigned value') }]
  }

  /** What is written, and the expression that reads it. */
  #place(target: Expression): { place: Place; current: Expr } {
    const current = this.#expressions.check(target)
    const path: PathStep[] = []
    let expr = current
    for (;;) {
      if (expr.op === 'local') break
      if (expr.op === 'member') {
        path.unshift({ kind: 'member', member: expr.member })
        expr = expr.of
      } else if (expr.op === 'index') {
        path.unshift({ kind: 'index', index: expr.index })
        expr = expr.of
      } else if (expr.op === 'swizzle') {
        if (expr.lanes.length !== 1)
          this.#fail(target.at, 'several components cannot be assigned at once', 'assign them one by one, or the whole vector')
        path.unshift({ kind: 'index', index: { op: 'constant', at: target.at, type: U32, value: [expr.lanes[0]!] } })
        expr = expr.of
      } else this.#fail(target.at, 'this cannot be assigned', 'only variables declared with "var" can')
    }
    if (!expr.local.mutable) this.#fail(target.at, `"${expr.local.name}" cannot be assigned`, 'declare it with "var", or copy it into one')
    return { place: { local: expr.local, path, type: current.type }, current }
  }

  #switch(statement: Statement & { kind: 'switch' }): Stmt {
    const found = this.#expressions.check(statement.selector)
    const constants = statement.cases.map(({ selectors }) =>
      selectors.filter((selector) => selector !== null).map((selector) => this.#expressions.checkConstant(selector, 'a case')),
    )
    // The selector decides the type; a constant selector takes that of its cases.
    const typed = [found, ...constants.flat()].find((expr) => !isAbstract(expr.type))
    const type = typed?.type ?? concreteType(found.type)
    const component = componentOf(type)
    if (type.kind !== 'scalar' || (component !== 'i32' && component !== 'u32')) {
      this.#fail(statement.at, `a switch needs i32 or u32, not ${typeName(type)}`)
    }
    const seen = new Set<number>()
    const outer = this.#around
    this.#around = { ...outer, breakable: true }
    const cases = statement.cases.map(({ at, selectors, body }, index) => {
      const values = constants[index]!.map((expr) => {
        const value = this.#expressions.convert(expr, type, 'a case')
        return value.op === 'constant' ? value.value[0]! : 0
      })
      for (const value of values) {
        if (seen.has(value)) this.#fail(at, `case ${value} appears twice`)
        seen.add(value)
      }
      return { values, isDefault: selectors.includes(null), body: this.block(body) }
    })
    this.#around = outer
    if (cases.filter((entry) => entry.isDefault).length !== 1) this.#fail(statement.at, 'a switch needs exactly one default')
    return { op: 'switch', selector: this.#expressions.convert(found, type, 'the selector'), cases }
  }

  #for(statement: Statement & { kind: 'for' }): Stmt[] {
    this.#expressions.scope.open()
    const init = statement.init === null ? [] : this.#statement(statement.init)
    const condition = statement.condition === null ? null : this.#condition(statement.condition)
    const loop = this.#loop(condition, statement.body, statement.update === null ? [] : [statement.update], null)
    this.#expressions.scope.close()
    loop.counted = findCounted(init[0] ?? null, loop)
    return [{ op: 'block', body: [...init, loop] }]
  }

  #loop(condition: Expr | null, body: Statement[], continuing: Statement[], breakIf: Expression | null): LoopStmt {
    const outer = this.#around
    this.#around = { loop: true, breakable: true, continuing: false }
    const checked = this.block(body)
    // What the body declares is not visible here: a "continue" could have passed its declaration by.
    this.#expressions.scope.open()
    this.#around = { loop: false, breakable: false, continuing: true }
    const step = continuing.flatMap((statement) => this.#statement(statement))
    const leave = breakIf === null ? null : this.#condition(breakIf)
    this.#expressions.scope.close()
    this.#around = outer
    return { op: 'loop', condition, body: checked, continuing: step, breakIf: leave, counted: null }
  }
}

/** True when control can reach the end of these statements. */
export function completes(statements: Stmt[]): boolean {
  return statements.every((statement) => {
    switch (statement.op) {
      case 'return':
      case 'break':
      case 'continue':
        return false
      case 'block':
        return completes(statement.body)
      case 'if':
        return completes(statement.then) || completes(statement.else)
      case 'switch':
        return statement.cases.some((entry) => completes(entry.body) || breaksOut(entry.body))
      case 'loop':
        return statement.condition !== null || statement.breakIf !== null || breaksOut(statement.body)
      default:
        return true
    }
  })
}

/** True when the statements hold a `break` that belongs to what encloses them. */
export function breaksOut(statements: Stmt[]): boolean {
  return statements.some((statement) => {
    switch (statement.op) {
      case 'break':
        return true
      case 'block':
        return breaksOut(statement.body)
      case 'if':
        return breaksOut(statement.then) || breaksOut(statement.else)
      default:
        return false
    }
  })
}
