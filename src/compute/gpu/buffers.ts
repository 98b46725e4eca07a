/** Sizes are rounded up to this, so that chunks of about one size share buffers. */
const GRAIN = 4096
/** Free buffers kept for later chunks, bytes. */
const MAX_KEPT_BYTES = 128 * 1024 * 1024

/** Buffers of one device, used again by later chunks. */
export class BufferPool {
  readonly #device: GPUDevice
  readonly #free = new Map<string, GPUBuffer[]>()
  #kept = 0

  constructor(device: GPUDevice) {
    this.#device = device
  }

  /** A buffer of at least so many bytes; its contents are whatever they were. */
  take(bytes: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const size = Math.max(GRAIN, Math.ceil(bytes / GRAIN) * GRAIN)
    const found = this.#free.get(`${size}/${usage}`)?.pop()
    if (found === undefined) return this.#device.createBuffer({ size, usage })
    this.#kept -= size
    return found
  }

  give(buffer: GPUBuffer): void {
    if (this.#kept + buffer.size > MAX_KEPT_BYTES) {
      buffer.destroy()
      return
    }
    const key = `${buffer.size}/${buffer.usage}`
    const list = this.#free.get(key)
    if (list === undefined) this.#free.set(key, [buffer])
    else list.push(buffer)
    this.#kept += buffer.size
  }
}
