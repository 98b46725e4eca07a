import { expect, it } from 'vitest'
import { parseRelay } from './addresses.ts'
import { RelayKeeper } from './relay-keeper.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'

const RELAY = '12D3KooWBem4nSa7BYDiifCffHXK9UV8fVXEgrd1PMiKasgEWxES'

it('whoever waits for a relay goes on when it is connected, whoever has dialled it', async () => {
  const connections: object[] = []
  const events = new EventTarget()
  const libp2p = Object.assign(events, {
    dial: () => new Promise(() => undefined),
    getConnections: () => connections,
    getMultiaddrs: () => [],
  }) as unknown as RoomfulLibp2p
  const clock = { now: () => 0, after: () => () => undefined }
  const keeper = new RelayKeeper(libp2p, [parseRelay(`/ip4/127.0.0.1/tcp/1/ws/p2p/${RELAY}`)], clock, () => undefined)
  const never = new AbortController()
  let connected = false
  const waiting = keeper.whenConnected(never.signal).then(() => {
    connected = true
  })
  // libp2p's own search for a relay may be first.
  const connection = { remotePeer: RELAY, status: 'open' }
  connections.push(connection)
  events.dispatchEvent(Object.assign(new Event('connection:open'), { detail: connection }))
  await new Promise((resolve) => setImmediate(resolve))
  expect(connected).toBe(true)
  await waiting
})
