import { describe, expect, it } from 'vitest'
import { builtInKernels } from '../../compute/kernels/index.ts'
import { defaultText, formText, readForm } from './form.ts'
import { presetsOf } from './presets.ts'

describe('presets', () => {
  it('of every built-in kernel pass its form as they are written into it', () => {
    for (const { manifest } of builtInKernels) {
      for (const preset of presetsOf(manifest.name)) {
        expect(readForm(manifest, { ...defaultText(manifest), ...formText(preset.parameters) })).toEqual({
          values: { ...readForm(manifest, defaultText(manifest)).values, ...preset.parameters },
          errors: {},
        })
      }
    }
  })

  it('begin with the defaults of the kernel', () => {
    const firsts = builtInKernels.flatMap(({ manifest }) =>
      presetsOf(manifest.name)
        .slice(0, 1)
        .map((preset) => ({ manifest, preset })),
    )
    expect(firsts.map(({ manifest }) => manifest.name)).toContain('convolve')
    for (const { manifest, preset } of firsts) expect(defaultText(manifest)).toMatchObject(formText(preset.parameters))
  })
})
