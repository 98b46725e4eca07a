import type { ParameterSlot } from '../../domain/parameters.ts'
import type { Declaration, Expression, TypeName } from './ast.ts'
import type { Expr } from './ir.ts'
import type { Meaning, Scope } from './scope.ts'
import type { Type } from './types.ts'

/** What types and constants need of the checker of expressions. */
export interface ConstantChecker {
  readonly scope: Scope
  checkConstant(expression: Expression, what: string): Expr & { op: 'constant' }
  convert(expr: Expr, type: Type, what: string): Expr
}

/** What expressions need of the source that they stand in. */
export interface ModuleNames {
  readonly source: string
  readonly parameters: ParameterSlot[]
  readonly hasInput: boolean
  usesInput: boolean
  /** Operations spent on constants so far. */
  constantSteps: number
  find(name: string): Meaning | null
  /** Value of a `const`. */
  constant(item: Declaration, checker: ConstantChecker): Expr
  type(name: TypeName, checker: ConstantChecker): Type
  constructedType(callee: TypeName, args: Expr[], checker: ConstantChecker): Type
}
