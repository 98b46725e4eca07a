import { expect, it } from 'vitest'
import type { EngineReport } from '../room/ports.ts'
import { preflightChecks } from './preflight.ts'

const CPU: EngineReport = { kind: 'cpu', available: true, device: '8 cores, 7 workers', fallback: false, reason: '' }
const GPU: EngineReport = { kind: 'webgpu', available: true, device: 'A GPU', fallback: false, reason: '' }
const gpu = (engines: EngineReport[]) =>
  preflightChecks(engines, { relays: [] } as never, { kind: 'persistent', detail: '' } as never).find(({ id }) => id === 'webgpu')

it.each([
  ['is well when there is a GPU', [GPU, CPU], { state: 'ok', detail: 'A GPU' }],
  ['is well when the CPU was chosen', [CPU], { state: 'ok', detail: expect.stringContaining('as was chosen') }],
  [
    'warns of a software adapter',
    [{ ...GPU, fallback: true }, CPU],
    { state: 'warning', detail: expect.stringContaining('software adapter') },
  ],
  [
    'says why there is none',
    [{ ...GPU, available: false, reason: 'Switched off.' }, CPU],
    { state: 'warning', detail: expect.stringContaining('Switched off.') },
  ],
  ['warns while no engine runs at all', [], { state: 'warning', detail: expect.stringContaining('Not looked for yet') }],
])('the check of WebGPU %s', (_what, engines, check) => {
  expect(gpu(engines)).toMatchObject(check)
})

it.each([
  ['reserved', 'Connected to example.org:443.'],
  ['unreachable', expect.stringContaining('example.org:443: nothing answers there')],
])('the check of a relay that is %s names its host and port, and no long address', (state, detail) => {
  const relay = {
    multiaddr: '/dns4/example.org/tcp/443/tls/ws/p2p/12D3K',
    place: 'example.org:443',
    state,
    detail: 'nothing answers there',
  }
  const checks = preflightChecks([CPU], { relays: [relay] } as never, { kind: 'persistent', detail: '' } as never)
  expect(checks.find(({ id }) => id === 'relay')?.detail).toEqual(detail)
})
