import { DEFAULT_THEME } from '@mantine/core'
import { describe, expect, it } from 'vitest'
import { variables } from './theme.ts'

describe('colours of a dark page', () => {
  it('tint it for every message and for the place that is shown, and none is left to the defaults, which are darker than it', () => {
    const { dark } = variables(DEFAULT_THEME)
    for (const colour of ['red', 'orange', 'yellow', 'teal', 'blue', 'spruce']) {
      expect(dark, colour).toHaveProperty([`--mantine-color-${colour}-light`], expect.stringMatching(/^rgb\(.* \/ 0\.\d+\)$/))
      expect(dark, colour).toHaveProperty([`--mantine-color-${colour}-light-color`])
    }
  })
})
