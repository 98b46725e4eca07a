import { tileShape } from '../domain/chunk.ts'
import type { KernelManifest } from '../domain/kernel.ts'
import { parameterLayout } from '../domain/parameters.ts'
import { MAX_CHUNK_ITEMS } from '../domain/plan.ts'
import type { ChunkTask } from '../room/ports.ts'
import { TaskError } from './errors.ts'
import { MAX_OUTPUT_BYTES } from './limits.ts'

/** A chunk's figures as both engines need them; checked. */
export interface TaskShape {
  origin: [number, number, number]
  size: [number, number, number]
  items: number
  /** Items of a line and lines of a block of the gathered tile; 0 without input. */
  tileWidth: number
  tileHeight: number
  /** Items on each side of the tile that belong to neighbours. */
  halo: number
  outputBytes: number
}

/** Checks that parameters and input fit kernel and chunk. Throws {@link TaskError} naming what does not. */
export function shapeTask(task: Omit<ChunkTask, 'kernel'>, manifest: KernelManifest): TaskShape {
  const { chunk, parameters, input } = task
  const words = parameterLayout(manifest).reduce((sum, slot) => sum + (slot.length ?? 1), 0)
  if (parameters.length !== words * 4)
    throw new TaskError(`${manifest.name} takes ${words * 4} bytes of parameters, not ${parameters.length}`)
  for (const value of [...chunk.origin, ...chunk.size]) {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
      throw new TaskError(`chunk ${chunk.id} has an index of ${value}: indices are u32`)
  }
  const items = chunk.size[0] * chunk.size[1] * chunk.size[2]
  if (items < 1 || items > MAX_CHUNK_ITEMS)
    throw new TaskError(`chunk ${chunk.id} has ${items} items: 1 to ${MAX_CHUNK_ITEMS} are possible`)
  const results = manifest.reduce === 'concat' ? items : 1
  const outputBytes = results * manifest.output.elementsPerItem * 4
  if (outputBytes > MAX_OUTPUT_BYTES)
    throw new TaskError(`chunk ${chunk.id} has ${outputBytes} bytes of output; at most ${MAX_OUTPUT_BYTES} are possible`)
  const base = { origin: chunk.origin, size: chunk.size, items, outputBytes }
  if (manifest.input.kind === 'none') {
    if (input !== null) throw new TaskError(`${manifest.name} takes no input, but chunk ${chunk.id} came with some`)
    return { ...base, tileWidth: 0, tileHeight: 0, halo: 0 }
  }
  if (input === null || chunk.input === null) throw new TaskError(`${manifest.name} needs an input, but chunk ${chunk.id} came without`)
  const { bytesPerItem } = manifest.input
  const tile = tileShape(chunk, bytesPerItem)
  const expected = tile.width * tile.height * chunk.input.blockCount * bytesPerItem
  if (input.length !== expected)
    throw new TaskError(`the input of chunk ${chunk.id} has ${input.length} bytes; its window gives ${expected}`)
  const halo = manifest.input.shape === 'matrix' ? 0 : (tile.width - chunk.size[0]) / 2
  if (!Number.isInteger(halo) || halo < 0)
    throw new TaskError(`the tile of chunk ${chunk.id} is ${tile.width} items wide for ${chunk.size[0]} items: its halo is uneven`)
  return { ...base, tileWidth: tile.width, tileHeight: tile.height, halo }
}

/** The input as whole 32-bit words, the last one filled with zeros. */
export function inputWords(input: Uint8Array): number {
  return Math.max(1, Math.ceil(input.length / 4))
}
