import type { ChunkView } from '../../node/api.ts'
import { shortId } from '../view/format.ts'

/** Whole seconds until the deadline; 0 once it has passed. */
export function secondsLeft(deadline: number, now: number): number {
  return Math.max(0, Math.ceil((deadline - now) / 1000))
}

/** The state of a chunk in at most three characters. */
export function chunkMark(chunk: ChunkView, now: number): string {
  switch (chunk.state) {
    case 'open':
      return ''
    case 'granted':
      return chunk.deadline === null ? '…' : String(Math.min(999, secondsLeft(chunk.deadline, now)))
    case 'done':
      return '✓'
    case 'verified':
      return '✓✓'
  }
}

/** The state of a chunk in a sentence. Chunk numbers are the job's own, which begin at 0. */
export function chunkLabel(chunk: ChunkView, self: string, now: number): string {
  const who = chunk.peer === null ? 'nobody' : chunk.peer === self ? 'you' : shortId(chunk.peer)
  switch (chunk.state) {
    case 'open':
      return `Chunk ${chunk.id}: open`
    case 'granted':
      return `Chunk ${chunk.id}: granted to ${who}${chunk.deadline === null ? '' : `, ${secondsLeft(chunk.deadline, now)} s left`}`
    case 'done':
      return `Chunk ${chunk.id}: computed by ${who}`
    case 'verified':
      return `Chunk ${chunk.id}: computed by ${who} and verified`
  }
}
