import type { ChunkTask } from '../../room/ports.ts'
import { EngineError, FuelError } from '../errors.ts'
import { MAX_ITEM_FUEL } from '../limits.ts'
import { inputWords, shapeTask } from '../task.ts'
import type { TaskShape } from '../task.ts'
import { FOLD_LANES, GPU_TASK_WORDS, STATUS_WORDS, WORKGROUP_SIZE, foldStride } from '../wgsl/gpu-prelude.ts'
import type { GpuTaskWord } from '../wgsl/gpu-prelude.ts'
import type { BufferPool } from './buffers.ts'
import { foldPartials } from './fold.ts'
import type { GpuProgram } from './program.ts'

/** Workgroups that WebGPU promises along one axis, times invocations of each: most items of one dispatch. */
export const MAX_DISPATCH_ITEMS = 65_535 * WORKGROUP_SIZE
/** Most bytes that the items of one dispatch leave for a fold. */
const MAX_SCRATCH_BYTES = 16 * 1024 * 1024

const STATUS_BYTES = STATUS_WORDS * 4

/** One chunk on the device, from its buffers to its result. */
export class ChunkRun {
  readonly #device: GPUDevice
  readonly #pool: BufferPool
  readonly #program: GpuProgram
  readonly #shape: TaskShape
  readonly #inputWords: number
  readonly #buffers: {
    task: GPUBuffer
    constants: GPUBuffer
    input: GPUBuffer
    output: GPUBuffer
    status: GPUBuffer
    read: GPUBuffer
    partial: GPUBuffer | null
  }
  readonly #groups: { main: GPUBindGroup; fold: GPUBindGroup | null }
  readonly #resultBytes: number
  #next = 0

  constructor(device: GPUDevice, pool: BufferPool, program: GpuProgram, task: Omit<ChunkTask, 'kernel'>) {
    this.#device = device
    this.#pool = pool
    this.#program = program
    this.#shape = shapeTask(task, program.manifest)
    this.#inputWords = task.input === null ? 1 : inputWords(task.input)
    const partialBytes = FOLD_LANES * foldStride(program.resultWords) * 4
    this.#resultBytes = program.fold === null ? this.#shape.outputBytes : partialBytes
    const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC
    const constantBytes = task.parameters.length + program.tables.length
    this.#buffers = {
      task: pool.take(GPU_TASK_WORDS.length * 4, storage),
      constants: pool.take(Math.max(4, constantBytes), storage),
      input: pool.take(this.#inputWords * 4, storage),
      output: pool.take(program.fold === null ? this.#shape.outputBytes : this.dispatchLimit * program.resultWords * 4, storage),
      status: pool.take(STATUS_BYTES, storage),
      read: pool.take(this.#resultBytes + STATUS_BYTES, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST),
      partial: program.fold === null ? null : pool.take(partialBytes, storage),
    }
    const { task: taskBuffer, constants, input, output, status, partial } = this.#buffers
    const { queue } = device
    if (constantBytes > 0) {
      const joined = new Uint8Array(constantBytes)
      joined.set(task.parameters)
      joined.set(program.tables, task.parameters.length)
      queue.writeBuffer(constants, 0, joined)
    }
    if (task.input !== null) {
      const padded = task.input.length % 4 === 0 ? task.input : new Uint8Array(this.#inputWords * 4)
      if (padded !== task.input) padded.set(task.input)
      queue.writeBuffer(input, 0, padded as Uint8Array<ArrayBuffer>)
    } else queue.writeBuffer(input, 0, new Uint32Array(1))
    queue.writeBuffer(status, 0, new Uint32Array(STATUS_WORDS))
    if (partial !== null) queue.writeBuffer(partial, 0, new Uint8Array(partialBytes))
    const group = (layout: GPUBindGroupLayout, buffers: GPUBuffer[]) =>
      device.createBindGroup({ layout, entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })) })
    this.#groups = {
      main: group(program.layout, [taskBuffer, constants, input, output, status]),
      fold: program.fold === null || partial === null ? null : group(program.fold.getBindGroupLayout(0), [taskBuffer, output, partial]),
    }
  }

  get remaining(): number {
    return this.#shape.items - this.#next
  }

  /** Most items of one dispatch of this chunk. */
  get dispatchLimit(): number {
    const scratch = this.#program.fold === null ? MAX_DISPATCH_ITEMS : Math.floor(MAX_SCRATCH_BYTES / (this.#program.resultWords * 4))
    return Math.min(MAX_DISPATCH_ITEMS, scratch, this.#shape.items)
  }

  /** Submits up to `count` more items; with the last of them goes the copy that {@link result} reads. */
  dispatch(count: number): void {
    const items = Math.min(count, this.remaining, this.dispatchLimit)
    const { origin, size, tileWidth, tileHeight, halo } = this.#shape
    const values: Record<GpuTaskWord, number> = {
      originX: origin[0],
      originY: origin[1],
      originZ: origin[2],
      sizeX: size[0],
      sizeY: size[1],
      sizeZ: size[2],
      tileWidth,
      tileHeight,
      halo,
      inputLast: this.#inputWords - 1,
      first: this.#next,
      count: items,
    }
    this.#device.queue.writeBuffer(this.#buffers.task, 0, new Uint32Array(GPU_TASK_WORDS.map((word) => values[word])))
    const encoder = this.#device.createCommandEncoder()
    const pass = encoder.beginComputePass()
    pass.setPipeline(this.#program.main)
    pass.setBindGroup(0, this.#groups.main)
    pass.dispatchWorkgroups(Math.ceil(items / WORKGROUP_SIZE))
    if (this.#program.fold !== null) {
      pass.setPipeline(this.#program.fold)
      pass.setBindGroup(0, this.#groups.fold)
      pass.dispatchWorkgroups(FOLD_LANES / WORKGROUP_SIZE)
    }
    pass.end()
    this.#next += items
    if (this.remaining === 0) {
      const { output, partial, status, read } = this.#buffers
      encoder.copyBufferToBuffer(partial ?? output, 0, read, 0, this.#resultBytes)
      encoder.copyBufferToBuffer(status, 0, read, this.#resultBytes, STATUS_BYTES)
    }
    this.#device.queue.submit([encoder.finish()])
  }

  /** Waits for the last dispatch and reads the result. Rejects with {@link FuelError} or {@link EngineError}. */
  async result(): Promise<{ output: Uint8Array; fuel: number }> {
    const { read } = this.#buffers
    const bytes = this.#resultBytes + STATUS_BYTES
    try {
      await read.mapAsync(GPUMapMode.READ, 0, bytes)
    } catch (error) {
      throw new EngineError(`the result could not be read from the device: ${error instanceof Error ? error.message : String(error)}`)
    }
    const all = new Uint8Array(read.getMappedRange(0, bytes)).slice()
    read.unmap()
    const status = new DataView(all.buffer, this.#resultBytes)
    if (status.getUint32(8, true) !== 0) {
      throw new FuelError(
        `an item of ${this.#program.manifest.name} runs more than ${MAX_ITEM_FUEL} loop iterations: split its work into more items`,
      )
    }
    const fuel = status.getUint32(4, true) * 2 ** 32 + status.getUint32(0, true)
    const result = all.slice(0, this.#resultBytes)
    return { output: this.#program.fold === null ? result : foldPartials(result, this.#program.manifest, this.#program.resultWords), fuel }
  }

  /** Gives the buffers back. Only after everything submitted is done. */
  release(): void {
    for (const buffer of Object.values(this.#buffers)) if (buffer !== null) this.#pool.give(buffer)
  }
}
