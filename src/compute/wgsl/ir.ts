import type { ParameterSlot } from '../../domain/parameters.ts'
import type { StructType, Type } from './types.ts'

/**
 * Typed intermediate form. Every name is resolved, every conversion written out, every constant expression folded,
 * every loop brought to one shape. Expressions have no side effects: the subset has no pointers and no variables
 * outside functions, so that a function does nothing but return a value.
 *
 * A constant is the flat list of its scalars: bool as 0 or 1, i32 signed, u32 unsigned, f32 rounded to f32.
 */
export type Constant = number[]

export interface Local {
  name: string
  type: Type
  /** A `var`, which may be assigned. */
  mutable: boolean
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>'
export type ComparisonOperator = '==' | '!=' | '<' | '>' | '<=' | '>='

/** Facts about the chunk at hand, all u32. */
export const TILE_FIELDS = ['origin', 'size', 'width', 'height', 'halo'] as const
export type TileField = (typeof TILE_FIELDS)[number]

export type Expr = { at: number; type: Type } & (
  | { op: 'constant'; value: Constant }
  | { op: 'local'; local: Local }
  /** `params.<name>`: the whole parameter; an array is read through `index`. */
  | { op: 'parameter'; slot: ParameterSlot }
  | { op: 'tile'; field: TileField }
  /** Word of the gathered input. An index outside reads the last word; without input, zero. */
  | { op: 'input'; index: Expr }
  | { op: 'member'; of: Expr; member: number }
  | { op: 'swizzle'; of: Expr; lanes: number[] }
  /** Element of an array or component of a vector. An index outside is clamped to the last. */
  | { op: 'index'; of: Expr; index: Expr }
  | { op: 'negate' | 'not' | 'complement'; a: Expr }
  /** Component by component; both sides have the same shape. */
  | { op: 'binary'; operator: ArithmeticOperator; a: Expr; b: Expr }
  | { op: 'compare'; operator: ComparisonOperator; a: Expr; b: Expr }
  | { op: 'logic'; operator: '&&' | '||'; a: Expr; b: Expr }
  | { op: 'call'; callee: Fn; args: Expr[] }
  | { op: 'builtin'; name: string; args: Expr[] }
  /** The scalars of the arguments, one after another. */
  | { op: 'construct'; args: Expr[] }
  /** One scalar in every component. */
  | { op: 'splat'; a: Expr }
  | { op: 'convert'; a: Expr }
  | { op: 'bitcast'; a: Expr }
)

export type PathStep = { kind: 'member'; member: number } | { kind: 'index'; index: Expr }

/** What an assignment writes. A step of kind `index` selects an element or, on a vector, a component. */
export interface Place {
  local: Local
  path: PathStep[]
  type: Type
}

export type Stmt =
  | { op: 'declare'; local: Local; value: Expr | null }
  | { op: 'assign'; place: Place; value: Expr }
  | { op: 'if'; condition: Expr; then: Stmt[]; else: Stmt[] }
  | { op: 'switch'; selector: Expr; cases: { values: number[]; isDefault: boolean; body: Stmt[] }[] }
  | LoopStmt
  | { op: 'break' }
  | { op: 'continue' }
  | { op: 'return'; value: Expr }
  | { op: 'block'; body: Stmt[] }

/** Each round: leave when `condition` is false; one unit of fuel; `body`; `continuing`; leave when `breakIf` is true. */
export interface LoopStmt {
  op: 'loop'
  condition: Expr | null
  body: Stmt[]
  continuing: Stmt[]
  breakIf: Expr | null
  /** Set where the number of rounds is known: the variable takes these values and nobody else writes it. */
  counted: { local: Local; values: number[] } | null
}

export interface Fn {
  name: string
  at: number
  parameters: Local[]
  returns: Type
  body: Stmt[]
}

/** A checked kernel. */
export interface Program {
  kernel: Fn
  /** Every function that the kernel reaches, callees before callers. */
  functions: Fn[]
  structs: StructType[]
  parameters: ParameterSlot[]
  /** 32-bit words that one item returns. */
  resultWords: number
  usesInput: boolean
}
