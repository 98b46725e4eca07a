/** A kernel that is refused: where, what was expected, and what to do about it. */
export class KernelError extends Error {
  override readonly name = 'KernelError'
  /** Line in the kernel's source, from 1; 0 when the manifest is at fault. */
  readonly line: number
  /** Column in UTF-16 units, from 1; 0 when the manifest is at fault. */
  readonly column: number
  /** What the author can do; may be empty. */
  readonly hint: string

  constructor(problem: string, line: number, column: number, hint = '') {
    super(`${line > 0 ? `line ${line}, column ${column}: ` : ''}${problem}${hint === '' ? '' : ` (${hint})`}`)
    this.line = line
    this.column = column
    this.hint = hint
  }
}

/** An item needed more loop iterations than one item may have. */
export class FuelError extends Error {
  override readonly name = 'FuelError'
}

/** A chunk that cannot be run as it is described: its size, input or parameters do not fit its kernel. */
export class TaskError extends Error {
  override readonly name = 'TaskError'
}

/** The engine itself failed: a lost device, a dead worker. The chunk can be run again, here or elsewhere. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
}
