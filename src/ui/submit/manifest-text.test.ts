import { describe, expect, it } from 'vitest'
import { builtInKernels } from '../../compute/kernels/index.ts'
import { manifestText, readManifest } from './manifest-text.ts'

describe('the manifest of a kernel of one’s own', () => {
  it('reads back every built-in manifest unchanged', () => {
    for (const { manifest } of builtInKernels) expect(readManifest(manifestText(manifest))).toEqual({ manifest })
  })

  it('is refused with the place of what is wrong', () => {
    const { manifest } = builtInKernels[0]!
    const wrong = { ...manifest, output: { element: 'f64', elementsPerItem: 1 } }
    expect(readManifest(JSON.stringify(wrong))).toEqual({ problem: expect.stringMatching(/output\.element.*f64/) })
    expect(readManifest(JSON.stringify({ ...manifest, name: '../etc' }))).toEqual({
      problem: expect.stringMatching(/name: must be lower-case/),
    })
  })

  it('names all columns of its output or none', () => {
    const { manifest } = builtInKernels[0]!
    const of = (columns: string[]) => readManifest(JSON.stringify({ ...manifest, output: { ...manifest.output, columns } }))
    expect(of(['Colour'])).toMatchObject({ manifest: { output: { columns: ['Colour'] } } })
    expect(of(['Colour', 'Depth'])).toEqual({ problem: expect.stringMatching(/output: columns must be as many as elementsPerItem/) })
  })

  it('is refused when it is not JSON, and quotes what was found', () => {
    expect(readManifest('{"name": }')).toEqual({ problem: expect.stringMatching(/^The manifest is not JSON: .*}/) })
  })
})
