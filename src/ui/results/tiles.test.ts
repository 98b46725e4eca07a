import { describe, expect, it } from 'vitest'
import type { KernelManifest } from '../../domain/kernel.ts'
import type { Job } from '../../domain/job.ts'
import type { JobOutput } from '../../node/api.ts'
import { changedTiles, isDrawable } from './tiles.ts'

const manifest: KernelManifest = {
  name: 'picture',
  version: '1.0.0',
  title: 'Picture',
  description: '',
  licence: 'MIT',
  parameters: [
    { name: 'width', type: 'u32', label: 'Width', default: 100, min: 1, max: 100_000 },
    { name: 'height', type: 'u32', label: 'Height', default: 70, min: 1, max: 100_000 },
  ],
  input: { kind: 'none' },
  space: { from: 'parameters', axes: ['width', 'height'] },
  output: { element: 'u32', elementsPerItem: 1 },
  reduce: 'concat',
  compare: { rule: 'exact' },
  preview: 'image',
  fuelPerItem: 1,
}

/** 100 × 70 pixels in chunks of 64 × 64: two columns and two rows, all but the first partial. */
function output(
  chunkStates: JobOutput['chunkStates'],
  change: { manifest?: Partial<KernelManifest>; space?: [number, number, number] } = {},
) {
  const job = {
    space: change.space ?? [100, 70, 1],
    plan: { chunk: [64, 64, 1], chunksPerMicrojob: 10 },
    parameters: {},
    input: null,
  } as unknown as Job
  return { job, kernel: { manifest: { ...manifest, ...change.manifest }, source: '' }, chunkStates }
}

describe('changedTiles', () => {
  it('places partial tiles at the right and lower borders', () => {
    expect(changedTiles([], output(['missing', 'computed', 'missing', 'verified']))).toEqual([
      { x: 64, y: 0, width: 36, height: 64, state: 'computed' },
      { x: 64, y: 64, width: 36, height: 6, state: 'verified' },
    ])
  })

  it('names only what is another than before', () => {
    const before = ['computed', 'computed', 'missing', 'missing'] as const
    expect(changedTiles(before, output(['computed', 'verified', 'missing', 'missing'])).map((tile) => tile.state)).toEqual(['verified'])
  })

  it('names a result that was taken back', () => {
    expect(changedTiles(['computed'], output(['missing', 'missing', 'missing', 'missing']))).toEqual([
      { x: 0, y: 0, width: 64, height: 64, state: 'missing' },
    ])
  })
})

describe('isDrawable', () => {
  it('takes an image of one RGBA word per pixel', () => {
    expect(isDrawable(output([]))).toBe(true)
  })

  it('leaves out what is not an image or would not fit into a canvas', () => {
    expect(isDrawable(output([], { manifest: { preview: 'table' } }))).toBe(false)
    expect(isDrawable(output([], { manifest: { output: { element: 'f32', elementsPerItem: 1 } } }))).toBe(false)
    expect(isDrawable(output([], { space: [16_384, 16_384, 1] }))).toBe(false)
    expect(isDrawable(output([], { space: [20_000, 10, 1] }))).toBe(false)
  })
})
