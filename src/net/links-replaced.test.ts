import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it, vi } from 'vitest'
import { Bans } from './bans.ts'
import { BULK_PROTOCOL } from './bulk.ts'
import { Links } from './links.ts'
import type { Connection } from '@libp2p/interface'
import type { Clock } from '../room/ports.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'
import type { RelayKeeper } from './relay-keeper.ts'

const LOWER = '12D3KooWBem4nSa7BYDiifCffHXK9UV8fVXEgrd1PMiKasgEWxES'
const PEER = '12D3KooWGRUfXmKiMFxHVSUZqVJTqDtdCBcbJnwrRPmVUsPwx4hY'
const HIGHER = '12D3KooWHYxqLMy6yykLdiKSshrsRAmFvZGzXhqhxP9fCUPUyfZ5'
const RELAY = '12D3KooWEdQJj2mSmNPvvXXMMqvDFdGhhnKJTDtDfNjuoMuSJRrK'

const RECORDS_PROTOCOL = '/roomful/records/1.0.0'

/** Connections to one peer, and the time, as a test makes them. The node has the lower id, unless it is said otherwise. */
class World {
  now = 1_000_000
  readonly events = new EventTarget()
  readonly connections: FakeConnection[] = []
  readonly dial = vi.fn(async (): Promise<Connection> => Promise.reject(new Error('nobody answers')))
  readonly #timers = new Map<() => void, number>()
  readonly clock: Clock = {
    now: () => this.now,
    after: (ms, callback) => {
      const ring = (): void => callback()
      this.#timers.set(ring, this.now + ms)
      return () => void this.#timers.delete(ring)
    },
  }
  readonly links: Links

  constructor(self = LOWER) {
    this.links = new Links({
      libp2p: {
        peerId: self,
        dial: this.dial,
        getConnections: () => this.connections,
        addEventListener: this.events.addEventListener.bind(this.events),
        removeEventListener: this.events.removeEventListener.bind(this.events),
      } as unknown as RoomfulLibp2p,
      relays: {
        isRelay: () => false,
        connected: [{ peer: RELAY, multiaddr: multiaddr(`/ip4/127.0.0.1/tcp/1/ws/p2p/${RELAY}`) }],
        whenConnected: async () => undefined,
      } as unknown as RelayKeeper,
      clock: this.clock,
      maxLinks: 4,
      direct: true,
      bans: new Bans(this.clock),
      asking: [BULK_PROTOCOL, RECORDS_PROTOCOL],
      permits: () => true,
      introducers: () => [],
    })
  }

  open(init: Partial<FakeConnection> = {}): FakeConnection {
    const connection = new FakeConnection(this, init)
    this.connections.push(connection)
    this.events.dispatchEvent(Object.assign(new Event('connection:open'), { detail: connection }))
    return connection
  }

  /** Lets so much time pass, and whatever happens in it. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve))
      const [next] = [...this.#timers].filter(([, at]) => at <= end).sort(([, a], [, b]) => a - b)
      if (next === undefined) break
      this.now = Math.max(this.now, next[1])
      this.#timers.delete(next[0])
      next[0]()
    }
    this.now = end
  }
}

class FakeConnection {
  readonly remotePeer = PEER
  readonly direction: 'inbound' | 'outbound' = 'outbound'
  readonly limits: object | undefined = undefined
  readonly timeline: { open: number }
  status = 'open'
  streams: { protocol: string }[] = []
  readonly #world: World

  constructor(world: World, init: Partial<FakeConnection>) {
    this.#world = world
    this.timeline = { open: world.now }
    Object.assign(this, init)
  }

  readonly close = async (): Promise<void> => this.end('closed')
  readonly abort = (): void => this.end('aborted')

  end(status: string): void {
    if (this.status !== 'open') return
    this.status = status
    const { connections, events } = this.#world
    connections.splice(connections.indexOf(this), 1)
    events.dispatchEvent(Object.assign(new Event('connection:close'), { detail: this }))
  }
}

describe('links, when connections are replaced,', () => {
  it('keep the newer of two when a peer is back before its old connection is known to be dead', async () => {
    const world = new World()
    world.links.want([PEER])
    const old = world.open()
    await world.pass(60_000)
    const present = world.open({ direction: 'inbound' })
    expect(world.links.best(PEER)).toBe(present)
    await world.pass(5_000)
    expect([old.status, present.status]).toEqual(['aborted', 'open'])
    expect(world.links.state(PEER)).toBe('live')
  })

  it('keep the one that the lower id has dialled when both sides dialled at once', async () => {
    const world = new World()
    world.links.want([PEER])
    const own = world.open()
    await world.pass(100)
    const other = world.open({ direction: 'inbound' })
    await world.pass(5_000)
    expect([own.status, other.status]).toEqual(['open', 'closed'])
  })

  it('are the same one on both sides from the first, and the other is closed even where its end is not heard', async () => {
    const world = new World(HIGHER)
    world.links.want([PEER])
    const own = world.open()
    await world.pass(100)
    const lowers = world.open({ direction: 'inbound' })
    expect(world.links.best(PEER)).toBe(lowers)
    await world.pass(2_500)
    expect([own.status, lowers.status]).toEqual(['open', 'open'])
    await world.pass(2_500)
    expect([own.status, lowers.status]).toEqual(['closed', 'open'])
  })

  it('leave it to the lower id which of its own dials stays', async () => {
    const world = new World(HIGHER)
    world.links.want([PEER])
    const both = [world.open({ direction: 'inbound' }), world.open({ direction: 'inbound' })]
    await world.pass(9_000)
    expect(both.map(({ status }) => status)).toEqual(['open', 'open'])
  })

  it('end a relayed connection that does not let itself be closed', async () => {
    const world = new World()
    const relayed = world.open({ limits: {}, close: async () => Promise.reject(new Error('it took too long')) })
    world.open()
    await world.pass(5_000)
    expect(relayed.status).toBe('aborted')
  })

  it.each([
    ['a relayed connection', { limits: {} }, BULK_PROTOCOL],
    ['one of two links', { direction: 'inbound' as const }, `${RECORDS_PROTOCOL}/orbitdb/jobs`],
    ['a relayed connection on which a stream is being opened', { limits: {} }, ''],
  ])('close %s only when what was asked over it has been answered', async (_name, init, protocol) => {
    const world = new World()
    const surplus = world.open({ ...init, streams: [{ protocol }] })
    world.open()
    await world.pass(30_000)
    expect(surplus.status).toBe('open')
    surplus.streams = []
    await world.pass(5_000)
    expect(surplus.status).toBe('closed')
  })

  it('are made again at once when they break, however often it failed before they came up', async () => {
    const world = new World()
    world.links.want([PEER])
    await world.pass(100_000)
    const link = world.open({ direction: 'inbound' })
    const dials = world.dial.mock.calls.length
    link.end('closed')
    await world.pass(0)
    expect(world.dial.mock.calls.length).toBeGreaterThan(dials)
  })

  it('are dialled again where libp2p has joined the dial with one over the relay', async () => {
    const world = new World()
    const relayed = world.open({ limits: {} })
    world.dial.mockResolvedValueOnce(relayed as unknown as Connection)
    world.links.want([PEER])
    await world.pass(10)
    expect(world.dial).toHaveBeenCalledOnce()
    world.dial.mockImplementation(async () => world.open() as unknown as Connection)
    await world.pass(1_000)
    expect(world.links.state(PEER)).toBe('live')
  })
})
