/** What the parser makes of a source; `at` is an offset in it. */

export interface TypeName {
  at: number
  name: string
  /** Types and, for an array's length, expressions. */
  arguments: (TypeName | Expression)[]
}

export type Expression =
  | { kind: 'int'; at: number; value: number; suffix: '' | 'i' | 'u' | 'f' }
  | { kind: 'float'; at: number; value: number; suffix: '' | 'i' | 'u' | 'f' }
  | { kind: 'bool'; at: number; value: boolean }
  | { kind: 'name'; at: number; name: string }
  | { kind: 'unary'; at: number; operator: string; operand: Expression }
  | { kind: 'binary'; at: number; operator: string; left: Expression; right: Expression }
  | { kind: 'call'; at: number; callee: TypeName; arguments: Expression[] }
  | { kind: 'member'; at: number; object: Expression; name: string; nameAt: number }
  | { kind: 'index'; at: number; object: Expression; index: Expression }

export interface Declaration {
  kind: 'declare'
  at: number
  keyword: 'var' | 'let' | 'const'
  name: string
  type: TypeName | null
  value: Expression | null
}

export type Statement =
  | Declaration
  | { kind: 'block'; at: number; body: Statement[] }
  | { kind: 'assign'; at: number; operator: string; target: Expression; value: Expression }
  | { kind: 'if'; at: number; condition: Expression; then: Statement[]; else: Statement[] }
  | { kind: 'switch'; at: number; selector: Expression; cases: SwitchCase[] }
  | { kind: 'for'; at: number; init: Statement | null; condition: Expression | null; update: Statement | null; body: Statement[] }
  | { kind: 'while'; at: number; condition: Expression; body: Statement[] }
  | { kind: 'loop'; at: number; body: Statement[]; continuing: Statement[]; breakIf: Expression | null }
  | { kind: 'break' | 'continue'; at: number }
  | { kind: 'return'; at: number; value: Expression | null }

export interface SwitchCase {
  at: number
  /** `null` stands for `default`. */
  selectors: (Expression | null)[]
  body: Statement[]
}

export interface FunctionDeclaration {
  kind: 'function'
  at: number
  name: string
  parameters: { at: number; name: string; type: TypeName }[]
  returns: TypeName | null
  body: Statement[]
  end: number
}

export interface StructDeclaration {
  kind: 'struct'
  at: number
  name: string
  members: { at: number; name: string; type: TypeName }[]
}

export interface AliasDeclaration {
  kind: 'alias'
  at: number
  name: string
  type: TypeName
}

export interface AssertDeclaration {
  kind: 'assert'
  at: number
  condition: Expression
}

export type ModuleItem = FunctionDeclaration | StructDeclaration | AliasDeclaration | AssertDeclaration | Declaration
