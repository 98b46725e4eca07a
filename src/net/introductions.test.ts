import { peerIdFromString } from '@libp2p/peer-id'
import { streamPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it, vi } from 'vitest'
import { introducer } from './circuits.ts'
import { Introductions } from './introductions.ts'
import { generateKey, keyFromBytes } from './keys.ts'
import { memberOptions } from './libp2p-options.ts'
import type { Clock } from '../room/ports.ts'
import type { RelayKeeper } from './relay-keeper.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'

const [HOST, MATE, STRANGER] = [
  '12D3KooWCoaUF5PGbW2ESeL67EpcFrZzQKXskFkyD3yL4qWFvxQh',
  '12D3KooWQZbWy9CXd1qweyy8NpnUnDMFh316DWsUaZYDmHwnGdxP',
  '12D3KooWBvFEAksaU263p4noVui8m844WCdTURefdRpdgn3SD9Yn',
] as const

/** A node whose reservations are noted, and whose clock goes on when it is told to. */
function setUp(mates: string[]) {
  const asked: string[] = []
  const relays: { states: { state: string }[] } = { states: [{ state: 'unreachable' }] }
  let now = 0
  const reservationStore = { addRelay: async (peer: { toString(): string }) => void asked.push(peer.toString()) }
  const libp2p = { components: { transportManager: { getTransports: () => [{ reservationStore }] } } }
  let wake: (() => void) | null = null
  const clock = {
    now: () => now,
    after: (_ms: number, callback: () => void) => {
      wake = callback
      return () => (wake = null)
    },
  }
  const introductions = new Introductions({
    libp2p: libp2p as unknown as RoomfulLibp2p,
    relays: relays as unknown as RelayKeeper,
    clock: clock as unknown as Clock,
    mates: () => mates,
  })
  const later = (ms: number): void => {
    now += ms
    wake?.()
  }
  return { introductions, asked, relays, later }
}

describe('a node without a relay', () => {
  it('has itself introduced by a few that it is linked to, the first that everybody knows', () => {
    const { asked } = setUp([HOST, MATE, STRANGER, STRANGER.replace('n3', 'n4')])
    expect(asked).toEqual([HOST, MATE, STRANGER])
  })

  it('asks again after a while as long as it has none, whether it is connected to one or not', () => {
    const { asked, relays, later } = setUp([HOST])
    later(1_000)
    expect(asked).toEqual([HOST])
    relays.states = [{ state: 'connecting' }]
    later(4_000)
    expect(asked).toEqual([HOST, HOST])
    relays.states = [{ state: 'unreachable' }, { state: 'reserved' }]
    later(10_000)
    expect(asked).toEqual([HOST, HOST])
  })

  it('looks for a peer through others than that peer, until it is stopped', () => {
    const { introductions, asked, later } = setUp([HOST, MATE])
    expect(introductions.ways(MATE).map(({ peer, multiaddr }) => [peer, multiaddr.toString()])).toEqual([[HOST, `/p2p/${HOST}`]])
    introductions.stop()
    later(10_000)
    expect(asked).toEqual([HOST, MATE])
  })
})

describe('a node that introduces others', () => {
  const gate = async (more: { introduces?: string[]; permits?: string[] }) => {
    const { connectionGater } = memberOptions({
      privateKey: keyFromBytes(await generateKey()),
      relays: [],
      rtcConfiguration: {},
      direct: false,
      isBanned: () => false,
      introduces: (peer) => more.introduces?.includes(peer) ?? false,
      permits: (peer) => more.permits?.includes(peer) ?? false,
      isLinked: (peer) => peer === HOST,
    })
    return connectionGater!
  }
  const [host, mate, stranger] = [HOST, MATE, STRANGER].map((peer) => peerIdFromString(peer))

  it('listens to those it shares a room with, and leads nobody to a stranger', async () => {
    const handlers = new Map<string, (stream: object, connection: object) => Promise<void>>()
    const registrar = { handle: async (protocol: string, handler: never) => void handlers.set(protocol, handler) }
    const logger = { forComponent: () => Object.assign(() => undefined, { error: () => undefined }) }
    const server = introducer((peer) => peer === MATE)({ registrar, logger } as never) as { start(): Promise<void> }
    await server.start()
    const [hop] = [...handlers.values()]
    const ask = async (peer: string): Promise<{ status: string; answered: boolean }> => {
      const [outbound, inbound] = await streamPair()
      let answered = false
      outbound.addEventListener('message', () => (answered = true))
      // One byte that is no request.
      outbound.send(Uint8Array.of(1, 0xff))
      await hop!(inbound, { remotePeer: peerIdFromString(peer) }).catch(() => undefined)
      await vi.waitFor(() => expect(outbound.status).not.toBe('open'))
      return { status: outbound.status, answered }
    }
    expect(await ask(STRANGER)).toEqual({ status: 'reset', answered: false })
    expect(await ask(MATE)).toEqual({ status: 'reset', answered: true })
    const gater = await gate({ introduces: [MATE] })
    expect(gater.denyOutboundRelayedConnection!(host!, mate!)).toBe(false)
    expect(gater.denyOutboundRelayedConnection!(mate!, stranger!)).toBe(true)
  })

  it('dials over those that it is linked to, and nothing else that has no relay before it', async () => {
    const gater = await gate({})
    const denied = (text: string): unknown => gater.denyDialMultiaddr!(multiaddr(text))
    expect(denied(`/p2p/${HOST}/p2p-circuit/webrtc/p2p/${MATE}`)).toBe(false)
    expect(denied(`/p2p/${STRANGER}/p2p-circuit/webrtc/p2p/${MATE}`)).toBe(true)
    expect(denied(`/ip4/127.0.0.1/tcp/1/ws/p2p/${HOST}/p2p-circuit/p2p/${MATE}`)).toBe(true)
  })

  it('leaves it to whoever is looked for whether it wants to be found', async () => {
    const gater = await gate({ permits: [MATE] })
    expect(gater.denyInboundRelayedConnection!(host!, mate!)).toBe(false)
    expect(gater.denyInboundRelayedConnection!(host!, stranger!)).toBe(true)
  })
})
