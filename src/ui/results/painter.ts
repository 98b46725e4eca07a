import type { JobOutput } from '../../node/api.ts'
import { changedTiles } from './tiles.ts'
import type { ChunkState, Tile } from './tiles.ts'

/** Time spent drawing in one frame, ms: the page must stay responsive. */
const FRAME_BUDGET_MS = 8
/** Laid over what is computed but not verified. */
const UNVERIFIED_VEIL = 'rgb(128 128 128 / 0.4)'

/** Draws an output into a canvas as its chunks arrive: each once, and never more than a frame can bear. */
export class Painter {
  readonly #context: CanvasRenderingContext2D
  #seen: readonly ChunkState[] = []
  #waiting: Tile[] = []
  #image: ImageData | null = null
  #frame = 0

  constructor(context: CanvasRenderingContext2D) {
    this.#context = context
  }

  /** Draws what is another than at the last update. The output must be drawable and always of the same job. */
  update(output: JobOutput): void {
    const { width } = this.#context.canvas
    const { buffer, byteOffset, byteLength } = output.output
    this.#image = new ImageData(new Uint8ClampedArray(buffer as ArrayBuffer, byteOffset, byteLength), width)
    for (const tile of changedTiles(this.#seen, output)) this.#waiting.push(tile)
    this.#seen = output.chunkStates.slice()
    if (this.#frame === 0 && this.#waiting.length > 0) this.#frame = requestAnimationFrame(() => this.#draw())
  }

  stop(): void {
    cancelAnimationFrame(this.#frame)
    this.#waiting = []
  }

  #draw(): void {
    const until = performance.now() + FRAME_BUDGET_MS
    let drawn = 0
    while (drawn < this.#waiting.length && performance.now() < until) this.#drawTile(this.#waiting[drawn++]!)
    this.#waiting.splice(0, drawn)
    this.#frame = this.#waiting.length === 0 ? 0 : requestAnimationFrame(() => this.#draw())
  }

  #drawTile({ x, y, width, height, state }: Tile): void {
    if (state === 'missing' || this.#image === null) return this.#context.clearRect(x, y, width, height)
    this.#context.putImageData(this.#image, 0, 0, x, y, width, height)
    if (state === 'verified') return
    this.#context.fillStyle = UNVERIFIED_VEIL
    this.#context.fillRect(x, y, width, height)
  }
}
