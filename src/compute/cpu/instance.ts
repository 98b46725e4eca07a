import type { KernelManifest } from '../../domain/kernel.ts'
import type { ChunkTask } from '../../room/ports.ts'
import { FuelError, TaskError } from '../errors.ts'
import { MAX_ITEM_FUEL, MAX_MEMORY_BYTES } from '../limits.ts'
import { inputWords, shapeTask } from '../task.ts'
import type { TaskShape } from '../task.ts'
import { FUEL_ADDRESS, PARAMETERS_ADDRESS, RUN_DONE, TASK_WORDS } from '../wgsl/layout.ts'

const PAGE = 65_536

/** What a compiled kernel exports. */
interface Exports {
  memory: WebAssembly.Memory
  run(first: number, count: number): number
}

/** One instance of a compiled kernel. It computes one chunk at a time, as many items per call as it is told. */
export class KernelInstance {
  readonly #exports: Exports
  readonly #manifest: KernelManifest
  readonly #heap: number
  #shape: TaskShape | null = null
  #outputAddress = 0
  #next = 0

  constructor(module: WebAssembly.Module, manifest: KernelManifest, heap: number) {
    this.#exports = new WebAssembly.Instance(module, {}).exports as unknown as Exports
    this.#manifest = manifest
    this.#heap = heap
  }

  /** Items that are not computed yet. */
  get remaining(): number {
    return this.#shape === null ? 0 : this.#shape.items - this.#next
  }

  /** Writes a chunk's task into the memory. Throws {@link TaskError} when it does not fit. */
  begin(task: Omit<ChunkTask, 'kernel'>): void {
    const shape = shapeTask(task, this.#manifest)
    const words = task.input === null ? 1 : inputWords(task.input)
    const inputAddress = this.#heap
    const outputAddress = (inputAddress + words * 4 + 15) & ~15
    this.#reserve(outputAddress + shape.outputBytes)
    const memory = new Uint8Array(this.#exports.memory.buffer)
    memory.fill(0, 0, PARAMETERS_ADDRESS)
    memory.set(task.parameters, PARAMETERS_ADDRESS)
    memory.fill(0, inputAddress, outputAddress + shape.outputBytes)
    if (task.input !== null) memory.set(task.input, inputAddress)
    const values: Record<(typeof TASK_WORDS)[number], number> = {
      originX: shape.origin[0],
      originY: shape.origin[1],
      originZ: shape.origin[2],
      sizeX: shape.size[0],
      sizeY: shape.size[1],
      sizeZ: shape.size[2],
      tileWidth: shape.tileWidth,
      tileHeight: shape.tileHeight,
      halo: shape.halo,
      inputAddress,
      inputLast: words - 1,
      outputAddress,
    }
    const view = new DataView(memory.buffer)
    TASK_WORDS.forEach((word, index) => view.setUint32(index * 4, values[word], true))
    this.#shape = shape
    this.#outputAddress = outputAddress
    this.#next = 0
  }

  #reserve(bytes: number): void {
    if (bytes > MAX_MEMORY_BYTES)
      throw new TaskError(`the chunk needs ${bytes} bytes of memory; ${MAX_MEMORY_BYTES} are possible: cut smaller chunks`)
    const { memory } = this.#exports
    const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE)
    if (missing > 0) memory.grow(missing)
  }

  /** Computes up to `count` more items. Throws {@link FuelError} when one of them does not come to an end. */
  step(count: number): void {
    const items = Math.min(count, this.remaining)
    if (this.#exports.run(this.#next, items) !== RUN_DONE) {
      throw new FuelError(
        `an item of ${this.#manifest.name} runs more than ${MAX_ITEM_FUEL} loop iterations: split its work into more items`,
      )
    }
    this.#next += items
  }

  /** Output bytes and fuel of a chunk whose items are all computed. */
  finish(): { output: Uint8Array; fuel: number } {
    const { buffer } = this.#exports.memory
    const output = new Uint8Array(buffer, this.#outputAddress, this.#shape!.outputBytes).slice()
    const fuel = Number(new DataView(buffer).getBigUint64(FUEL_ADDRESS, true))
    return { output, fuel }
  }
}
