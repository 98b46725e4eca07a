import { MantineProvider } from '@mantine/core'
import { createElement } from 'react'
import { createRoot } from 'react-dom/client'
import type { Root } from 'react-dom/client'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { kernelByName } from '../../compute/kernels/index.ts'
import type { JobOutput } from '../../node/api.ts'
import { Downloads } from './downloads.tsx'

describe('the downloads of a job', () => {
  let root: Root
  const place = document.createElement('div')
  beforeEach(() => {
    document.body.append(place)
    root = createRoot(place)
  })
  afterEach(() => root.unmount())

  const shown = async (chunkStates: JobOutput['chunkStates'], cancelled: boolean, text: RegExp): Promise<boolean> => {
    const output = {
      job: { space: [2, 2, 1] },
      kernel: kernelByName('collatz')!,
      output: new Uint8Array(48),
      chunkStates,
      certificates: [],
      complete: !chunkStates.includes('missing'),
    } as unknown as JobOutput
    root.render(createElement(MantineProvider, null, createElement(Downloads, { output, title: 'Mine', cancelled })))
    await vi.waitFor(() => expect(place.textContent).toMatch(text))
    const [raw] = [...place.querySelectorAll('button')].filter(({ textContent }) => textContent === 'Download raw bytes')
    return !raw!.disabled
  }

  it('are of the whole result, once it is there', async () => {
    expect(await shown(['computed', 'missing'], false, /once all of it is computed/)).toBe(false)
    expect(await shown(['computed', 'verified'], false, /SHA-256/)).toBe(true)
  })

  it('are of a part where the job was cancelled, and say so', async () => {
    expect(await shown(['missing', 'missing'], true, /before anything/)).toBe(false)
    expect(await shown(['computed', 'missing'], true, /1 of 2 chunks computed; the rest is zero/)).toBe(true)
  })
})
