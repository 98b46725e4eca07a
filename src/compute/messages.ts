import type { Kernel } from '../domain/kernel.ts'
import type { ChunkTask, EngineReport } from '../room/ports.ts'
import { EngineError, FuelError, KernelError, TaskError } from './errors.ts'

/** What an engine's page side and its Worker say to each other. `id` names a request and its answer. */
export type EngineRequest =
  | { kind: 'probe'; id: number }
  | { kind: 'prepare'; id: number; key: string; kernel: Kernel }
  | { kind: 'run'; id: number; key: string; task: Omit<ChunkTask, 'kernel'> }
  | { kind: 'cancel'; id: number }
  /** Share of time spent computing, 0 (paused) to 1. */
  | { kind: 'duty'; share: number }

export type EngineAnswer =
  | { kind: 'probed'; id: number; report: EngineReport }
  | { kind: 'prepared'; id: number }
  | { kind: 'computed'; id: number; output: Uint8Array; fuel: number; ms: number }
  | { kind: 'cancelled'; id: number }
  | { kind: 'failed'; id: number; error: SentError }

/** An error as it crosses to another thread. */
export interface SentError {
  name: string
  message: string
  line: number
  column: number
  hint: string
}

export function sendError(error: unknown): SentError {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) }
  const { line, column, hint } = error instanceof KernelError ? error : { line: 0, column: 0, hint: '' }
  return { name, message, line, column, hint }
}

/** The error as it was thrown on the other thread; what is none of this room's own becomes an {@link EngineError}. */
export function receiveError({ name, message, line, column, hint }: SentError): Error {
  switch (name) {
    case 'KernelError': {
      // The message carries position and hint already; they are cut off, since the constructor adds them again.
      const body = line > 0 ? message.slice(`line ${line}, column ${column}: `.length) : message
      return new KernelError(hint === '' ? body : body.slice(0, -(hint.length + 3)), line, column, hint)
    }
    case 'FuelError':
      return new FuelError(message)
    case 'TaskError':
      return new TaskError(message)
    case 'EngineError':
      return new EngineError(message)
    default:
      return new EngineError(`${name}: ${message}`)
  }
}
