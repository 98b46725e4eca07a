import { columnsOf } from '../../compute/kernels/index.ts'
import type { KernelManifest } from '../../domain/kernel.ts'
import type { JobOutput } from '../../node/api.ts'

/** One item of an output: its index and its elements. */
export interface Row {
  index: number
  values: number[]
}

type Layout = Pick<KernelManifest, 'output'>

/** Heads of the elements of an item: their names where they have some, and numbers from 1 otherwise. */
export function columnTitles({ job, kernel }: Pick<JobOutput, 'job' | 'kernel'>): readonly string[] {
  const { elementsPerItem } = kernel.manifest.output
  const named = columnsOf(kernel.manifest, job.kernel)
  if (named !== null) return named
  return Array.from({ length: elementsPerItem }, (_, element) => (elementsPerItem === 1 ? 'Value' : `Value ${element + 1}`))
}

type Partly = Pick<JobOutput, 'kernel' | 'chunkStates' | 'found'>

/** Whether an item of a folded output, which is that of a chunk, is not there: its zeros say nothing. */
export function isMissing({ kernel, chunkStates }: Partly, item: number): boolean {
  return kernel.manifest.reduce !== 'concat' && chunkStates[item] === 'missing'
}

/** How what is not there looks in a table; null when everything is. */
export function missingNote({ kernel, chunkStates, found }: Partly): string | null {
  if (!chunkStates.includes('missing')) return null
  if (kernel.manifest.reduce === 'concat') return 'Values that are not there yet stand as zero.'
  return found ? '– stands for chunks that need not be searched any more.' : '– stands for chunks that are not there yet.'
}

/** Whole items in the output stream. */
export function itemCount(manifest: Layout, output: Uint8Array): number {
  return Math.floor(output.length / (4 * manifest.output.elementsPerItem))
}

/** `count` items from `first` on; fewer at the end of the stream. Elements are 32 bits, little-endian. */
export function rows(manifest: Layout, output: Uint8Array, first: number, count: number): Row[] {
  const { elementsPerItem } = manifest.output
  const last = Math.min(first + count, itemCount(manifest, output))
  const read = reader(manifest, output)
  const result: Row[] = []
  for (let index = first; index < last; index++) {
    result.push({ index, values: Array.from({ length: elementsPerItem }, (_, element) => read(index * elementsPerItem + element)) })
  }
  return result
}

/** Whether an output is best seen as a grid of numbers: two-dimensional, one element an item, and no other form asked for. */
export function isMatrix({ job, kernel }: Pick<JobOutput, 'job' | 'kernel'>): boolean {
  const { preview, reduce, output } = kernel.manifest
  const [, height, depth] = job.space
  return preview === 'bytes' && reduce === 'concat' && output.elementsPerItem === 1 && height > 1 && depth === 1
}

/** Numbers of a part of a matrix that begins at row and column (from 0), line by line; smaller at its edges. */
export function matrixPart(
  { job, kernel, output }: Pick<JobOutput, 'job' | 'kernel' | 'output'>,
  from: { row: number; column: number },
  lines: number,
  columns: number,
): number[][] {
  const [width, height] = job.space
  const read = reader(kernel.manifest, output)
  return Array.from({ length: Math.max(0, Math.min(lines, height - from.row)) }, (_, y) =>
    Array.from({ length: Math.max(0, Math.min(columns, width - from.column)) }, (_column, x) =>
      read((from.row + y) * width + from.column + x),
    ),
  )
}

/** A number of an output as people read it: a float of 32 bits has seven digits that mean something. */
export function figure({ output }: Layout, value: number): string {
  return String(output.element === 'f32' ? Number(value.toPrecision(7)) : value)
}

/**
 * At most `points` values of the first element of each item, as [index, value] columns for a plot: of each run of
 * items the least and the greatest, in their order, so that no peak is lost.
 */
export function plotColumns(manifest: Layout, output: Uint8Array, points: number): [number[], number[]] {
  const total = itemCount(manifest, output)
  const read = reader(manifest, output)
  const step = manifest.output.elementsPerItem
  const xs: number[] = []
  const ys: number[] = []
  const run = Math.max(1, Math.ceil((total * 2) / points))
  for (let start = 0; start < total; start += run) {
    let least = start
    let greatest = start
    for (let index = start + 1; index < Math.min(total, start + run); index++) {
      if (read(index * step) < read(least * step)) least = index
      if (read(index * step) > read(greatest * step)) greatest = index
    }
    for (const index of least === greatest ? [least] : [Math.min(least, greatest), Math.max(least, greatest)]) {
      xs.push(index)
      ys.push(read(index * step))
    }
  }
  return [xs, ys]
}

/** The first bytes of a stream as lines of sixteen: offset and hexadecimal digits. */
export function hexLines(output: Uint8Array, lines: number): { offset: string; digits: string }[] {
  const result: { offset: string; digits: string }[] = []
  for (let at = 0; at < output.length && result.length < lines; at += 16) {
    const digits = Array.from(output.subarray(at, at + 16), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
    result.push({ offset: at.toString(16).padStart(8, '0'), digits })
  }
  return result
}

function reader(manifest: Layout, output: Uint8Array): (element: number) => number {
  const view = new DataView(output.buffer, output.byteOffset, output.byteLength)
  switch (manifest.output.element) {
    case 'u32':
      return (element) => view.getUint32(element * 4, true)
    case 'i32':
      return (element) => view.getInt32(element * 4, true)
    case 'f32':
      return (element) => view.getFloat32(element * 4, true)
  }
}
