import { chunkAt } from '../../domain/plan.ts'
import type { JobOutput } from '../../node/api.ts'

export type ChunkState = JobOutput['chunkStates'][number]

/** A rectangle of an image in pixels, and what is known of it. */
export interface Tile {
  x: number
  y: number
  width: number
  height: number
  state: ChunkState
}

/** Chunks whose state is another than before, as rectangles of the image. `before` is empty at first. */
export function changedTiles(before: readonly ChunkState[], output: Pick<JobOutput, 'job' | 'kernel' | 'chunkStates'>): Tile[] {
  const tiles: Tile[] = []
  output.chunkStates.forEach((state, id) => {
    if (state === (before[id] ?? 'missing')) return
    const { origin, size } = chunkAt(output.job, output.kernel.manifest, id)
    tiles.push({ x: origin[0], y: origin[1], width: size[0], height: size[1], state })
  })
  return tiles
}

/** Most pixels that a page draws; more than browsers hold reliably in one canvas. */
export const MAX_DRAWN_PIXELS = 64_000_000

/** Whether the output is an image that can be drawn: two-dimensional, one u32 of RGBA per pixel, not too large. */
export function isDrawable(output: Pick<JobOutput, 'job' | 'kernel'>): boolean {
  const { manifest } = output.kernel
  const [width, height, depth] = output.job.space
  return (
    manifest.preview === 'image' &&
    manifest.reduce === 'concat' &&
    manifest.output.element === 'u32' &&
    manifest.output.elementsPerItem === 1 &&
    depth === 1 &&
    width <= 16_384 &&
    height <= 16_384 &&
    width * height <= MAX_DRAWN_PIXELS
  )
}
