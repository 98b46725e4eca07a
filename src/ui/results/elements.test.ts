import { describe, expect, it } from 'vitest'
import { kernelByName } from '../../compute/kernels/index.ts'
import type { Job } from '../../domain/job.ts'
import { kernelCid } from '../../domain/kernel.ts'
import type { Kernel } from '../../domain/kernel.ts'
import { columnTitles, figure, hexLines, isMatrix, isMissing, itemCount, matrixPart, missingNote, plotColumns, rows } from './elements.ts'

const layout = (element: 'u32' | 'i32' | 'f32', elementsPerItem = 1) => ({ output: { element, elementsPerItem } })
const words = (...values: number[]) => new Uint8Array(new Uint32Array(values).buffer)

describe('output elements', () => {
  it('are read in the element type of the kernel', () => {
    expect(rows(layout('u32'), words(0xffff_ffff), 0, 9)).toEqual([{ index: 0, values: [0xffff_ffff] }])
    expect(rows(layout('i32'), words(0xffff_ffff), 0, 9)).toEqual([{ index: 0, values: [-1] }])
    expect(rows(layout('f32'), words(0x3fc0_0000), 0, 9)).toEqual([{ index: 0, values: [1.5] }])
  })

  it('make items of as many as the kernel says', () => {
    const output = words(1, 2, 3, 4, 5, 6)
    expect(itemCount(layout('u32', 2), output)).toBe(3)
    expect(rows(layout('u32', 2), output, 1, 9)).toEqual([
      { index: 1, values: [3, 4] },
      { index: 2, values: [5, 6] },
    ])
  })

  it('are read from a view that does not begin at the start of its memory', () => {
    expect(rows(layout('u32'), words(7, 8, 9).subarray(4), 0, 1)).toEqual([{ index: 0, values: [8] }])
  })

  it('keep their peaks when a plot has fewer points than items', () => {
    const values: number[] = Array.from({ length: 10_000 }, (_, index) => (index === 7777 ? 99 : 50))
    values[1234] = 1
    const [xs, ys] = plotColumns(layout('u32'), words(...values), 100)
    expect(xs.length).toBeLessThanOrEqual(102)
    expect(ys).toContain(99)
    expect(ys).toContain(1)
    expect(xs).toEqual([...xs].sort((a, b) => a - b))
  })

  it('are plotted one by one when they are few', () => {
    expect(plotColumns(layout('u32'), words(3, 1, 2), 100)).toEqual([
      [0, 1, 2],
      [3, 1, 2],
    ])
  })

  it('stand in rows and columns where they are a matrix, and end at its edges', () => {
    const matrix = (space: Job['space'], name = 'matmul') => ({ job: { space } as Job, kernel: kernelByName(name)! })
    expect(isMatrix(matrix([3, 2, 1]))).toBe(true)
    for (const other of [matrix([6, 1, 1]), matrix([3, 1, 2]), matrix([3, 2, 1], 'convolve')]) expect(isMatrix(other)).toBe(false)
    const output = new Uint8Array(new Float32Array([1, 2, 3, 4, 5, 6]).buffer)
    const part = (row: number, column: number) => matrixPart({ ...matrix([3, 2, 1]), output }, { row, column }, 2, 2)
    expect(part(0, 0)).toEqual([
      [1, 2],
      [4, 5],
    ])
    expect(part(1, 2)).toEqual([[6]])
  })

  it('are written with the digits that mean something', () => {
    expect(figure(layout('f32'), Math.fround(0.1))).toBe('0.1')
    expect(figure(layout('u32'), 4_294_967_295)).toBe('4294967295')
  })

  it('show as lines of sixteen bytes', () => {
    expect(hexLines(words(1, 2, 3, 4, 255), 2)).toEqual([
      { offset: '00000000', digits: '01 00 00 00 02 00 00 00 03 00 00 00 04 00 00 00' },
      { offset: '00000010', digits: 'ff 00 00 00' },
    ])
  })
})

describe('the columns of an output', () => {
  const titles = (kernel: Kernel, cid = kernelCid(kernel)) => columnTitles({ job: { kernel: cid } as Job, kernel })
  const withOutput = (output: Kernel['manifest']['output']): Kernel => {
    const { manifest, source } = kernelByName('collatz')!
    return { manifest: { ...manifest, output }, source }
  }

  it.each(['collatz', 'sha256', 'montecarlo'])('have a name each in %s', (name) => {
    const kernel = kernelByName(name)!
    expect(titles(kernel)).toHaveLength(kernel.manifest.output.elementsPerItem)
    expect(titles(kernel).join()).not.toContain('Value')
  })

  it('have the names that the manifest gives them', () => {
    expect(titles(withOutput({ element: 'u32', elementsPerItem: 2, columns: ['Bits', 'Number'] }))).toEqual(['Bits', 'Number'])
  })

  it('are numbered from 1 in a stranger’s kernel that names none, whatever it calls itself', () => {
    expect(titles(kernelByName('collatz')!, 'bafystranger')).toEqual(['Value 1', 'Value 2', 'Value 3'])
    expect(titles(withOutput({ element: 'u32', elementsPerItem: 1 }))).toEqual(['Value'])
  })
})

describe('what is not there', () => {
  const of = (name: string, found: boolean, ...chunkStates: ('missing' | 'verified')[]) => ({
    kernel: kernelByName(name)!,
    found,
    chunkStates,
  })

  it('is no row of zeros where each chunk has one', () => {
    const search = of('sha256', true, 'verified', 'missing')
    expect([0, 1].map((item) => isMissing(search, item))).toEqual([false, true])
    expect(missingNote(search)).toMatch(/^– .* need not be searched/)
    expect(missingNote({ ...search, found: false })).toMatch(/^– .* not there yet/)
  })

  it('stands as zero where a chunk has many items, and needs no word once all is there', () => {
    expect(isMissing(of('matmul', false, 'missing'), 0)).toBe(false)
    expect(missingNote(of('matmul', false, 'missing'))).toMatch(/stand as zero/)
    expect(missingNote(of('matmul', false, 'verified'))).toBeNull()
  })
})
