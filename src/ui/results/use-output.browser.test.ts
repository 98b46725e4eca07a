import { createElement } from 'react'
import { createRoot } from 'react-dom/client'
import { expect, it, vi } from 'vitest'
import type { JobOutput, RoomfulNode } from '../../node/api.ts'
import { ui } from '../state/ui.ts'
import { useOutput } from './use-output.ts'

function Certificates({ certified }: { certified: number }) {
  const { output } = useOutput('job', certified)
  return String(output?.certificates.length ?? 'none')
}

it('the certificates that rooms sign after a search has ended are shown as well', async () => {
  let signed = 1
  async function* watch(): AsyncIterable<JobOutput> {
    yield { certificates: Array.from({ length: signed }), verified: true } as unknown as JobOutput
  }
  ui.setState({ node: { watch } as unknown as RoomfulNode })
  const place = document.createElement('div')
  const root = createRoot(place)
  root.render(createElement(Certificates, { certified: 1 }))
  await vi.waitFor(() => expect(place.textContent).toBe('1'))
  signed = 3
  root.render(createElement(Certificates, { certified: 3 }))
  await vi.waitFor(() => expect(place.textContent).toBe('3'))
  root.unmount()
})
