import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { multiaddr } from '@multiformats/multiaddr'
import { createRelay } from '../../relay/relay.ts'
import { generateKey } from './keys.ts'
import { Link, LinkStateError } from './link.ts'
import { createNetwork } from './network.ts'
import { handlerAddress } from './registry.ts'
import { AddressError, resolve } from './resolver.ts'
import type { Relay } from '../../relay/relay.ts'
import type { LinkChange, LinkState } from './link.ts'
import type { Network, NetworkInit } from './network.ts'

const until = (condition: () => void | Promise<void>): Promise<void> => vi.waitFor(condition, { timeout: 50_000, interval: 10 })
const PEER = '12D3KooWBem4nSa7BYDiifCffHXK9UV8fVXEgrd1PMiKasgEWxES'
const SELF = '12D3KooWGRUfXmKiMFxHVSUZqVJTqDtdCBcbJnwrRPmVUsPwx4hY'

describe('a link', () => {
  it('goes created → in progress → live ⇄ disconnected, and each step is an event', () => {
    const changes: string[] = []
    const link = new Link(PEER, true, ({ from, to }: LinkChange) => changes.push(`${from} → ${to}`))
    link.become('in progress')
    link.become('live')
    link.become('disconnected')
    link.become('live')
    expect(changes).toEqual(['created → in progress', 'in progress → live', 'live → disconnected', 'disconnected → live'])
  })

  it('fails when it is created or in progress, and takes no step that its life does not have', () => {
    const link = new Link(PEER, true, () => undefined)
    link.become('failed', 'no path')
    expect(link.state).toBe('failed')
    expect(() => link.become('disconnected')).toThrow(LinkStateError)
    const live = new Link(PEER, true, () => undefined)
    live.become('in progress')
    live.become('live')
    expect(() => live.become('failed')).toThrow(LinkStateError)
    expect(() => live.become('in progress')).toThrow(LinkStateError)
  })

  it('has one address and one listener, and is silent when nothing changes', () => {
    const listener = vi.fn()
    const link = new Link(PEER, false, listener)
    link.become('live')
    link.become('live')
    expect(link.peer).toBe(PEER)
    expect(listener).toHaveBeenCalledOnce()
  })
})

describe('resolving an address', () => {
  const routeFor = (address: string, state: LinkState | null, options = {}) => {
    const link = vi.fn()
    const init = { self: SELF, isRelay: (peer: string) => peer.endsWith('XZ'), linkState: () => state, link }
    return { route: resolve(address, init, options), link }
  }

  it('gives the live link', () => {
    expect(routeFor(handlerAddress(PEER), 'live').route).toEqual({ kind: 'direct', peer: PEER })
  })

  it('gives the relayed path while the link is being made', () => {
    for (const state of ['created', 'in progress'] as const) {
      expect(routeFor(PEER, state).route).toEqual({ kind: 'relayed', peer: PEER, linking: true })
    }
  })

  it('connects a disconnected link again, and gives the relayed path meanwhile', () => {
    const { route, link } = routeFor(PEER, 'disconnected')
    expect(route).toEqual({ kind: 'relayed', peer: PEER, linking: true })
    expect(link).toHaveBeenCalledExactlyOnceWith(PEER)
  })

  it('gives the relayed path to an unknown address, and begins a link on request', () => {
    const plain = routeFor(PEER, null)
    expect(plain.route).toEqual({ kind: 'relayed', peer: PEER, linking: false })
    expect(plain.link).not.toHaveBeenCalled()
    const asked = routeFor(`/roomful/runtime/${PEER}/00ff`, null, { link: true })
    expect(asked.route).toEqual({ kind: 'relayed', peer: PEER, linking: true })
    expect(asked.link).toHaveBeenCalledExactlyOnceWith(PEER)
  })

  it('never links a relay or oneself', () => {
    const self = routeFor(SELF, null, { link: true })
    expect(self.route).toEqual({ kind: 'self' })
    const relay = routeFor('12D3KooWBem4nSa7BYDiifCffHXK9XZ', null, { link: true })
    expect(relay.route).toMatchObject({ kind: 'relay' })
    expect([self.link, relay.link].every((link) => link.mock.calls.length === 0)).toBe(true)
  })

  it('refuses what is no address', () => {
    expect(() => routeFor('http://example.org/', null)).toThrow(AddressError)
  })
})

describe('links between nodes', { timeout: 60_000 }, () => {
  let relay: Relay
  let directory: string
  const networks: Network[] = []
  const start = async (init: Partial<NetworkInit> = {}): Promise<Network> => {
    const network = await createNetwork({ relays: [relay.multiaddr], validate: () => 'accept', ...init })
    networks.push(network)
    return network
  }
  const directConnections = (from: Network, to: Network) =>
    from.libp2p
      .getConnections()
      .filter(({ remotePeer, limits, status }) => remotePeer.toString() === to.peerId && limits === undefined && status === 'open')
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'roomful-links-'))
    relay = await createRelay({ port: 0, dataDir: directory })
  })
  afterEach(async () => {
    await Promise.all(networks.splice(0).map((network) => network.stop()))
  })
  afterAll(async () => {
    await relay.stop()
    await rm(directory, { recursive: true })
  })

  it('registers with its relays on start: runtime address, handler address that survives a restart, protocols', async () => {
    const privateKey = await generateKey()
    const [a, first] = [await start({ direct: false }), await start({ direct: false, privateKey })]
    const find = (): ReturnType<Network['registry']['find']> => a.registry.find(handlerAddress(first.peerId))
    await until(async () => expect(await find()).not.toBeNull())
    const before = await find()
    expect(before).toMatchObject({ peer: first.peerId, visibility: 'everyone', protocols: expect.arrayContaining(['/roomful/room/1.0.0']) })
    await first.stop()
    await start({ direct: false, privateKey })
    await until(async () => {
      const after = await find()
      expect(after?.handler).toBe(before?.handler)
      expect(after?.runtime).not.toBe(before?.runtime)
    })
    expect(await a.registry.find(before?.runtime ?? '')).toBeNull()
  })

  it('hides a node from whom it does not want to be visible to: it is neither found nor reached', async () => {
    const [hidden, friend, stranger] = [await start({ direct: false }), await start({ direct: false }), await start({ direct: false })]
    await until(() => expect(networks.map((node) => node.links.snapshot().relays[0]?.state)).toEqual(['reserved', 'reserved', 'reserved']))
    await hidden.registry.setVisibility('invited', [friend.peerId])
    await until(async () => expect(await friend.registry.find(hidden.peerId)).not.toBeNull())
    expect(await stranger.registry.find(hidden.peerId)).toBeNull()
    const ups: string[] = []
    for (const [name, node] of [
      ['friend', friend],
      ['stranger', stranger],
    ] as const) {
      node.transport.onConnection((_peer, up) => ups.push(`${name} ${up}`))
      node.transport.setMembers([node.peerId, hidden.peerId])
    }
    await until(() => expect(ups).toContain('friend true'))
    expect(ups).toEqual(['friend true'])
    await hidden.registry.setVisibility('nobody')
    await until(async () => expect(await friend.registry.find(hidden.peerId)).toBeNull())
  })

  it('shows a node to those in its room alone when it wants that', async () => {
    const [one, mate, stranger] = [await start({ direct: false }), await start({ direct: false }), await start({ direct: false })]
    await one.registry.setVisibility('room')
    for (const node of [one, mate]) node.pubsub.subscribe('jobprocessing_test_0')
    await until(async () => expect(await mate.registry.find(one.peerId)).not.toBeNull())
    expect(await stranger.registry.find(one.peerId)).toBeNull()
  })

  it('become one when both sides start at once: not two, not none', async () => {
    const [a, b] = [await start(), await start()]
    await until(() => expect([a, b].map((node) => node.links.snapshot().relays[0]?.state)).toEqual(['reserved', 'reserved']))
    a.links.resolve(b.peerId, { link: true })
    b.links.resolve(a.peerId, { link: true })
    await until(() => {
      expect(a.links.state(b.peerId)).toBe('live')
      expect(b.links.state(a.peerId)).toBe('live')
      // Relayed connections and a second direct one are tidied away.
      expect(a.libp2p.getConnections().filter(({ remotePeer }) => remotePeer.toString() === b.peerId)).toHaveLength(1)
      expect(directConnections(b, a)).toHaveLength(1)
    })
    expect(a.links.resolve(handlerAddress(b.peerId))).toEqual({ kind: 'direct', peer: b.peerId })
  })

  it('are let in however many come at once, although all of them come through one relay', async () => {
    const hub = await start({ direct: false })
    const callers = await Promise.all(Array.from({ length: 14 }, () => start({ direct: false })))
    await until(() => expect(hub.links.snapshot().relays[0]?.state).toBe('reserved'))
    const address = multiaddr(`${relay.multiaddr}/p2p-circuit/p2p/${hub.peerId}`)
    const calls = await Promise.allSettled(callers.map(({ libp2p }) => libp2p.dial(address)))
    expect(calls.map(({ status }) => status)).toEqual(callers.map(() => 'fulfilled'))
    await until(() => expect(hub.links.snapshot().peers).toHaveLength(callers.length))
  })

  it('are forgotten by the side that was called when they break, and made again by the side that called', async () => {
    const [a, b] = [await start({ maxLinks: 0 }), await start({ maxLinks: 0 })]
    a.links.resolve(b.peerId, { link: true })
    await until(() => expect([a.links.state(b.peerId), b.links.state(a.peerId)]).toEqual(['live', 'live']))
    const changes: string[] = []
    a.links.onLink(({ from, to }) => changes.push(`${from} → ${to}`))
    const states: (LinkState | null)[] = []
    b.links.onChange(() => states.push(b.links.state(a.peerId)))
    for (const connection of directConnections(a, b)) connection.abort(new Error('broken'))
    await until(() => expect(changes).toEqual(['live → disconnected', 'disconnected → live']))
    expect(states).toContain(null)
  })

  it('change from relayed to direct and back without the room noticing: no message lost or doubled', async () => {
    // However slow the machine is that runs this.
    const [a, b] = [await start({ pathGraceMs: 60_000 }), await start({ pathGraceMs: 60_000 })]
    const received: number[] = []
    const downs: boolean[] = []
    b.transport.onMessage((_from, message) => received.push(new DataView(message.buffer, message.byteOffset).getUint32(0)))
    a.transport.onConnection((_peer, up) => downs.push(up))
    const kinds = new Set<string>()
    let sent = 0
    const send = (): void => {
      for (let i = 0; i < 5; i++) {
        // Small: what a relayed connection may carry is limited, and the way back to a direct one leads over it.
        const message = new Uint8Array(24)
        new DataView(message.buffer).setUint32(0, sent++)
        a.transport.send(b.peerId, message)
      }
      const link = a.transport.stats()[0]?.link
      if (link !== undefined) kinds.add(link)
    }
    for (const node of [a, b]) node.transport.setMembers([a.peerId, b.peerId])
    for (let breaks = 0; breaks < 3; breaks++) {
      await until(() => {
        send()
        expect(directConnections(a, b).length).toBeGreaterThan(0)
      })
      for (const connection of directConnections(a, b)) connection.abort(new Error('broken'))
      send()
    }
    await until(() => expect(received).toHaveLength(sent))
    expect(received).toEqual(Array.from({ length: sent }, (_, i) => i))
    expect(downs).toEqual([true])
    expect(kinds).toContain('direct')
    expect(kinds).toContain('relayed')
    expect(a.transport.stats()[0]?.dropped).toBe(0)
  })

  it('carry a host’s reports to observers: directly where there is a link, over the relay where there is none', async () => {
    const [host, near, far] = [await start(), await start(), await start({ direct: false })]
    host.reporter.report('room', Uint8Array.of(1))
    const seen = { near: [] as number[], far: [] as number[] }
    near.reporter.observe(host.peerId, 'room', (state) => seen.near.push(state[0] ?? -1))
    far.reporter.observe(host.peerId, 'room', (state) => seen.far.push(state[0] ?? -1))
    await until(() => expect([seen.near.at(-1), seen.far.at(-1)]).toEqual([1, 1]))
    near.links.resolve(host.peerId, { link: true })
    await until(() => expect(near.links.state(host.peerId)).toBe('live'))
    await until(() =>
      expect(directConnections(near, host).flatMap(({ streams }) => streams.map(({ protocol }) => protocol))).toContain(
        '/roomful/report/1.0.0',
      ),
    )
    host.reporter.report('room', Uint8Array.of(2))
    await until(() => expect([seen.near.at(-1), seen.far.at(-1)]).toEqual([2, 2]))
    expect(directConnections(far, host)).toEqual([])
  })
})
