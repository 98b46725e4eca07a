import { cidOfValue } from './ids.ts'
import type { Cid } from './ids.ts'

/** What a person types for one parameter; lists are for tables such as convolution weights. */
export type ParameterValue = number | string | number[]
export type ParameterValues = Record<string, ParameterValue>

/**
 * One parameter of a kernel. The form in the UI and the bytes of the WGSL `Params` struct both follow from it.
 * `fixed` is a decimal number stored as an i32 with `fractionBits` bits behind the point.
 */
export interface Parameter {
  name: string
  type: 'u32' | 'i32' | 'f32' | 'fixed'
  label: string
  unit?: string
  help?: string
  default: ParameterValue
  min: number
  max: number
  /** For a list: its fixed length in the struct. Shorter lists are refused. */
  length?: number
  /** For `fixed` only. */
  fractionBits?: number
  /** Named choices, shown as a menu: label to value. */
  choices?: Record<string, number>
}

export type CompareRule =
  | { rule: 'exact' }
  /** Element by element on f32: |a-b| <= abs + rel*|b|, except for a share of at most maxBadFraction. */
  | { rule: 'approx'; abs: number; rel: number; maxBadFraction: number }

export type ReduceRule = 'concat' | 'sum' | 'min' | 'max' | 'first'

export type KernelInput =
  | { kind: 'none' }
  /** A row-major stream of items, [height, width] each of bytesPerItem, cut into tiles with a halo clamped at the border. */
  | { kind: 'stream'; shape: 'image' | 'matrix' | 'bytes'; bytesPerItem: number; halo: number | { parameter: string } }

export interface KernelManifest {
  name: string
  version: string
  title: string
  description: string
  licence: string
  parameters: Parameter[]
  input: KernelInput
  /** Where the index space [x, y, z] comes from: parameters that hold the extents, or the shape of the input. */
  space: { from: 'parameters'; axes: string[] } | { from: 'input' }
  /** One item per index for `concat`; otherwise per chunk. `columns` names its elements for people, all of them or none. */
  output: { element: 'u32' | 'i32' | 'f32'; elementsPerItem: number; columns?: string[] }
  reduce: ReduceRule
  /** Most items of a chunk, where a fold of more could overflow. */
  maxChunkItems?: number
  compare: CompareRule
  preview: 'image' | 'plot' | 'table' | 'bytes'
  /** Rough fuel per item, for the first plan before calibration. */
  fuelPerItem: number
}

/** A kernel is one WGSL source and a manifest; everything else is derived. */
export interface Kernel {
  manifest: KernelManifest
  source: string
}

/** Identity of a kernel: the content address of its manifest and source. */
export function kernelCid(kernel: Kernel): Cid {
  return cidOfValue({ manifest: kernel.manifest, source: kernel.source })
}
