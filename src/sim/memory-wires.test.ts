import { describe, expect, it, vi } from 'vitest'
import { describePubSub } from '../room/pubsub-contract.ts'
import { describeTransport } from '../room/transport-contract.ts'
import { ChannelSwitchboard } from './channel-transport.ts'
import { MemoryGossip } from './memory-pubsub.ts'
import { MemoryNetwork } from './memory-transport.ts'
import type { Clock } from '../room/ports.ts'
import type { FrameStreamEvents } from '../room/wire/stream-port.ts'
import type { WireTransport } from '../room/wire/wire-transport.ts'

const clock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}
const random = { bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) }
const silent: FrameStreamEvents = { onFrame() {}, onReady() {}, onBroken() {} }

describeTransport('memory', async () => {
  const network = new MemoryNetwork()
  const nodes: WireTransport[] = []
  return {
    async join(limits = {}) {
      const node = network.transport(`peer-${nodes.length}`, clock, random, limits)
      nodes.push(node)
      return node
    },
    breakStreams: (a, b) => network.breakStreams(a.self, b.self),
    openRaw: (from, to) => network.find(from.self).open(to, silent, new AbortController().signal),
    outgoing: (from, to) => network.find(from.self).outgoing(to.self),
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
})

describeTransport('message channels', async () => {
  const switchboard = new ChannelSwitchboard()
  const nodes: WireTransport[] = []
  return {
    async join(limits = {}) {
      const node = switchboard.transport(`peer-${nodes.length}`, clock, random, limits)
      nodes.push(node)
      return node
    },
    breakStreams: (a, b) => switchboard.breakStreams(a.self, b.self),
    openRaw: (from, to) => switchboard.find(from.self).open(to, silent, new AbortController().signal),
    outgoing: (from, to) => switchboard.find(from.self).outgoing(to.self),
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
})

describePubSub('memory', async () => {
  const gossip = new MemoryGossip()
  let count = 0
  return {
    join: async () => gossip.join(`peer-${count++}`),
    stop: async () => undefined,
  }
})

describe('wires in bad weather', () => {
  it('loses and doubles no message although streams break under it and frames are doubled', async () => {
    const network = new MemoryNetwork()
    let frame = 0
    network.setWeather(() => {
      frame++
      return frame % 7 === 0 ? 0 : frame % 5 === 0 ? 2 : 1
    })
    const [a, b] = ['a', 'b'].map((peer) => network.transport(peer, clock, random))
    const received: number[] = []
    b?.onMessage((_from, message) => received.push(message[0] ?? -1))
    a?.setMembers(['a', 'b'])
    b?.setMembers(['a', 'b'])
    for (let i = 0; i < 100; i++) a?.send('b', Uint8Array.of(i))
    await vi.waitFor(() => expect(received).toHaveLength(100), { timeout: 20_000, interval: 5 })
    expect(received).toEqual(Array.from({ length: 100 }, (_, i) => i))
    await Promise.all([a?.stop(), b?.stop()])
  })

  it('says that a member is out of reach when its path closes, and in reach when it opens again', async () => {
    const network = new MemoryNetwork()
    const [a, b] = ['a', 'b'].map((peer) => network.transport(peer, clock, random))
    const events: boolean[] = []
    a?.onConnection((_peer, up) => events.push(up))
    a?.setMembers(['a', 'b'])
    b?.setMembers(['a', 'b'])
    await vi.waitFor(() => expect(events).toEqual([true]))
    network.setPath('a', 'b', false)
    await vi.waitFor(() => expect(events).toEqual([true, false]))
    network.setPath('a', 'b', true)
    await vi.waitFor(() => expect(events).toEqual([true, false, true]), { timeout: 5_000 })
    await Promise.all([a?.stop(), b?.stop()])
  })
})
