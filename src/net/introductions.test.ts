import { peerIdFromString } from '@libp2p/peer-id'
import { streamPair } from '@libp2p/utils'
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
  const relays: { connected: object[] } = { connected: [] }
  const reservationStore = { addRelay: async (peer: { toString(): string }) => void asked.push(peer.toString()) }
  const libp2p = { components: { transportManager: { getTransports: () => [{ reservationStore }] } } }
  let wake: (() => void) | null = null
  const clock = {
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
  return { introductions, asked, relays, later: () => wake?.() }
}

describe('a node without a relay', () => {
  it('has itself introduced by a few that it is linked to, the first that everybody knows', () => {
    const { asked } = setUp([HOST, MATE, STRANGER, STRANGER.replace('n3', 'n4')])
    expect(asked).toEqual([HOST, MATE, STRANGER])
  })

  it('asks nobody again once it has one, and again when it is gone', () => {
    const { asked, relays, later } = setUp([HOST])
    relays.connected = [{}]
    later()
    expect(asked).toEqual([HOST])
    relays.connected = []
    later()
    expect(asked).toEqual([HOST, HOST])
  })

  it('looks for a peer through others than that peer, until it is stopped', () => {
    const { introductions, asked, later } = setUp([HOST, MATE])
    expect(introductions.ways(MATE).map(({ peer, multiaddr }) => [peer, multiaddr.toString()])).toEqual([[HOST, `/p2p/${HOST}`]])
    introductions.stop()
    later()
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

  it('leaves it to whoever is looked for whether it wants to be found', async () => {
    const gater = await gate({ permits: [MATE] })
    expect(gater.denyInboundRelayedConnection!(host!, mate!)).toBe(false)
    expect(gater.denyInboundRelayedConnection!(host!, stranger!)).toBe(true)
  })
})
