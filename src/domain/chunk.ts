/**
 * Bytes of a stream, addressed by widths and strides; all figures are bytes, all integers:
 * for b in 0..blockCount-1, for l in 0..lineCount-1:
 * [offset + b*blockStride + l*lineStride, + lineWidth).
 */
export interface Window {
  offset: number
  lineWidth: number
  lineStride: number
  lineCount: number
  blockStride: number
  blockCount: number
}

/** Items outside the stream that the gathered tile repeats from its border, in items: left, right; top, bottom. */
export interface Halo {
  left: number
  right: number
  top: number
  bottom: number
}

/** The smallest unit handed to a worker. */
export interface Chunk {
  /** Index of the chunk in its job: stable for one job and plan, on any machine. */
  id: number
  /** First index of the range, [x, y, z]. */
  origin: [number, number, number]
  /** Extent of the range, [x, y, z]. */
  size: [number, number, number]
  /** Where its input lies (halo that exists in the stream included), or null for a job without input. */
  input: Window | null
  /** What of the halo lies outside the stream and is clamped. All zero without input. */
  clamp: Halo
  /** Where its output lies in the output stream. */
  output: Window
}

/** A contiguous run of bytes. */
export interface Span {
  offset: number
  length: number
}

/** Most bytes one window may gather or scatter, halo included. */
export const MAX_WINDOW_BYTES = 64 * 1024 * 1024

/** A window that does not fit its stream, or data that does not fit its window. */
export class WindowError extends Error {
  override readonly name = 'WindowError'
}

/** Bytes that the window covers, without halo. */
export function windowLength(window: Window): number {
  return window.lineWidth * window.lineCount * window.blockCount
}

/**
 * Checks a window against the length of its stream in bytes, before anything is read or allocated.
 * Throws {@link WindowError} for figures that are not whole numbers, empty, too large, or that reach outside.
 */
export function checkWindow(window: Window, streamLength: number): void {
  for (const field of ['offset', 'lineWidth', 'lineStride', 'lineCount', 'blockStride', 'blockCount'] as const) {
    const value = window[field]
    const least = field === 'offset' || field === 'lineStride' || field === 'blockStride' ? 0 : 1
    if (!Number.isSafeInteger(value) || value < least) {
      throw new WindowError(`${field} of a window must be a whole number of at least ${least}: it is ${value}`)
    }
  }
  // Every factor is a safe integer; a product that is not safe is larger than any stream.
  const lastBlock = (window.blockCount - 1) * window.blockStride
  const lastLine = (window.lineCount - 1) * window.lineStride
  const end = window.offset + lastBlock + lastLine + window.lineWidth
  if (![lastBlock, lastLine, end].every(Number.isSafeInteger) || end > streamLength) {
    throw new WindowError(`the window ends at byte ${end}, but its stream has only ${streamLength} bytes`)
  }
  const total = windowLength(window)
  if (!Number.isSafeInteger(total) || total > MAX_WINDOW_BYTES) {
    throw new WindowError(`the window covers ${total} bytes; at most ${MAX_WINDOW_BYTES} are allowed: cut smaller chunks`)
  }
}

/** The bytes of a window in the order they are gathered, neighbouring lines and blocks joined into one span. */
export function* spans(window: Window): Generator<Span> {
  let pending: Span | null = null
  for (let block = 0; block < window.blockCount; block++) {
    for (let line = 0; line < window.lineCount; line++) {
      const offset = window.offset + block * window.blockStride + line * window.lineStride
      if (pending !== null && pending.offset + pending.length === offset) {
        pending.length += window.lineWidth
      } else {
        if (pending !== null) yield pending
        pending = { offset, length: window.lineWidth }
      }
    }
  }
  if (pending !== null) yield pending
}

/**
 * Copies a chunk's input out of the stream into a tile: blocks after one another, each (top + lineCount + bottom)
 * lines of (left + line + right) items, with what lies outside the stream repeated from the border.
 * Throws {@link WindowError}; returns an empty array for a chunk without input.
 */
export function gather(stream: Uint8Array, chunk: Pick<Chunk, 'input' | 'clamp'>, bytesPerItem: number): Uint8Array {
  if (chunk.input === null) return new Uint8Array(0)
  checkWindow(chunk.input, stream.length)
  const packed = new Uint8Array(windowLength(chunk.input))
  let at = 0
  for (const span of spans(chunk.input)) {
    packed.set(stream.subarray(span.offset, span.offset + span.length), at)
    at += span.length
  }
  return extend(packed, chunk.input, chunk.clamp, bytesPerItem)
}

/**
 * Like {@link gather}, for a stream that is never whole in memory: `read` is asked for one span after another.
 * Memory: the tile, one span, and nothing else. Rejects with {@link WindowError}, also when `read` answers short.
 */
export async function gatherFrom(
  read: (offset: number, length: number) => Promise<Uint8Array>,
  streamLength: number,
  chunk: Pick<Chunk, 'input' | 'clamp'>,
  bytesPerItem: number,
): Promise<Uint8Array> {
  if (chunk.input === null) return new Uint8Array(0)
  checkWindow(chunk.input, streamLength)
  const packed = new Uint8Array(windowLength(chunk.input))
  let at = 0
  for (const span of spans(chunk.input)) {
    const bytes = await read(span.offset, span.length)
    if (bytes.length !== span.length) {
      throw new WindowError(`${span.length} bytes were asked for at ${span.offset}, but ${bytes.length} came`)
    }
    packed.set(bytes, at)
    at += span.length
  }
  return extend(packed, chunk.input, chunk.clamp, bytesPerItem)
}

/** Inverse of {@link gather} without halo: writes a chunk's result to its place. Throws {@link WindowError}. */
export function scatter(result: Uint8Array, window: Window, output: Uint8Array): void {
  scatterTo(result, window, output.length, (offset, bytes) => output.set(bytes, offset))
}

/** Like {@link scatter}, for an output that is never whole in memory: `write` is called for one span after another. */
export function scatterTo(
  result: Uint8Array,
  window: Window,
  streamLength: number,
  write: (offset: number, bytes: Uint8Array) => void,
): void {
  checkWindow(window, streamLength)
  if (result.length !== windowLength(window)) {
    throw new WindowError(`the result has ${result.length} bytes, but its window has ${windowLength(window)}`)
  }
  let at = 0
  for (const span of spans(window)) {
    write(span.offset, result.subarray(at, at + span.length))
    at += span.length
  }
}

/** Items of one line, and lines of one block, of the gathered tile. */
export function tileShape(chunk: Pick<Chunk, 'input' | 'clamp'>, bytesPerItem: number): { width: number; height: number } {
  if (chunk.input === null) return { width: 0, height: 0 }
  return {
    width: chunk.clamp.left + chunk.input.lineWidth / bytesPerItem + chunk.clamp.right,
    height: chunk.clamp.top + chunk.input.lineCount + chunk.clamp.bottom,
  }
}

function extend(packed: Uint8Array, window: Window, clamp: Halo, bytesPerItem: number): Uint8Array {
  const { left, right, top, bottom } = clamp
  if (![left, right, top, bottom].every((count) => Number.isSafeInteger(count) && count >= 0)) {
    throw new WindowError(`a halo must be whole numbers of items: ${left}, ${right}, ${top}, ${bottom}`)
  }
  if (!Number.isSafeInteger(bytesPerItem) || bytesPerItem < 1 || window.lineWidth % bytesPerItem !== 0) {
    throw new WindowError(`lines of ${window.lineWidth} bytes are not whole items of ${bytesPerItem} bytes`)
  }
  if (left + right + top + bottom === 0) return packed
  const tileLine = (left + right) * bytesPerItem + window.lineWidth
  const tileLines = top + window.lineCount + bottom
  const total = tileLine * tileLines * window.blockCount
  if (!Number.isSafeInteger(total) || total > MAX_WINDOW_BYTES) {
    throw new WindowError(`the tile with its halo has ${total} bytes; at most ${MAX_WINDOW_BYTES} are allowed`)
  }
  const tile = new Uint8Array(total)
  for (let block = 0; block < window.blockCount; block++) {
    const blockAt = block * tileLines * tileLine
    for (let line = 0; line < window.lineCount; line++) {
      const from = (block * window.lineCount + line) * window.lineWidth
      const to = blockAt + (top + line) * tileLine
      const body = to + left * bytesPerItem
      tile.set(packed.subarray(from, from + window.lineWidth), body)
      for (let item = 0; item < left; item++) tile.copyWithin(to + item * bytesPerItem, body, body + bytesPerItem)
      const last = body + window.lineWidth - bytesPerItem
      for (let item = 1; item <= right; item++) tile.copyWithin(last + item * bytesPerItem, last, last + bytesPerItem)
    }
    const first = blockAt + top * tileLine
    for (let line = 0; line < top; line++) tile.copyWithin(blockAt + line * tileLine, first, first + tileLine)
    const last = first + (window.lineCount - 1) * tileLine
    for (let line = 1; line <= bottom; line++) tile.copyWithin(last + line * tileLine, last, last + tileLine)
  }
  return tile
}
