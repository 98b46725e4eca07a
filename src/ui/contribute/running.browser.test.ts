import { MantineProvider } from '@mantine/core'
import { createElement } from 'react'
import { createRoot } from 'react-dom/client'
import type { Root } from 'react-dom/client'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { builtInKernels } from '../../compute/kernels/index.ts'
import { kernelCid } from '../../domain/kernel.ts'
import type { NodeSnapshot, RoomView } from '../../node/api.ts'
import { ui } from '../state/ui.ts'
import { Running } from './running.tsx'

const BUILT_IN = kernelCid(builtInKernels[0]!)

/** What of a snapshot the panel shows. */
function snapshot(
  state: NodeSnapshot['contribution']['state'],
  { room = null, kernels = [] }: { room?: RoomView | null; kernels?: string[] } = {},
): NodeSnapshot {
  const settings = { allowCustomKernels: false }
  const contribution = { state, settings, pausedBecause: '', engine: null, engineReason: '', chunksDone: 0, rate: 0, fuel: 0, credit: 0 }
  return { contribution, room, jobs: kernels.map((cid) => ({ state: 'open', kernelCid: cid })) } as unknown as NodeSnapshot
}

function room(stage: RoomView['stage']): RoomView {
  const members = [{ peer: 'me', self: true, host: true, link: 'self', chunks: 4, role: 'processor' }]
  return { stage, members, verifier: null, microjob: 0, blockIndex: 0, job: 'job', title: 'A job' } as unknown as RoomView
}

describe('the panel of a tab that contributes', () => {
  let root: Root
  const place = document.createElement('div')
  beforeEach(() => {
    document.body.append(place)
    root = createRoot(place)
    root.render(createElement(MantineProvider, null, createElement(Running)))
  })
  afterEach(() => root.unmount())

  const says = (shown: NodeSnapshot, text: string) => {
    ui.setState({ snapshot: shown })
    return vi.waitFor(() => expect(place.textContent).toContain(text))
  }

  it('does not call it contributing to wait alone for somebody who checks', async () => {
    await says(snapshot('working', { room: room('working') }), 'Contributing')
    await says(snapshot('working', { room: room('unverified') }), 'Waiting for another tab')
    expect(place.textContent).not.toContain('Contributing')
  })

  it('looks for a room only while there is a job that its settings allow, and says why it does not', async () => {
    await says(snapshot('seeking', { kernels: [BUILT_IN, 'bafystranger'] }), 'Rooms are tried')
    await says(snapshot('seeking', { kernels: ['bafystranger'] }), 'The open job runs a kernel that is not built in')
    await says(snapshot('seeking', { kernels: ['bafystranger', 'bafyother'] }), '2 open jobs run kernels that are not built in')
    await says(snapshot('seeking'), 'No job is open')
  })
})
