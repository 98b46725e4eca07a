import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { QUEUE_CAPACITY, TENTATIVE_MESSAGES } from './wire/constants.ts'
import { TransportStateError } from './wire/errors.ts'
import type { PeerId } from '../domain/ids.ts'
import type { FrameStream } from './wire/stream-port.ts'
import type { WireTransport } from './wire/wire-transport.ts'

/** One network that a contract test plays on. */
export interface TransportNetwork {
  /** Puts another node on the network. Every node can reach every other. */
  join(limits?: { tentativePeers?: number }): Promise<WireTransport>
  /** Breaks every stream between two nodes, as a lost connection does. They can be opened again. */
  breakStreams(a: WireTransport, b: WireTransport): void
  /** Opens a stream from one node to another below its transport. */
  openRaw(from: WireTransport, to: PeerId): Promise<FrameStream>
  /** Outgoing streams of the room protocol that one node holds to another. */
  outgoing(from: WireTransport, to: WireTransport): number
  stop(): Promise<void>
}

const text = (message: Uint8Array): string => new TextDecoder().decode(message)
const bytes = (message: string): Uint8Array => new TextEncoder().encode(message)
const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 50_000, interval: 5 })

/** What a node has received, as `sender-number message` texts. */
function inbox(node: WireTransport): { from: PeerId; text: string }[] {
  const messages: { from: PeerId; text: string }[] = []
  node.onMessage((from, message) => messages.push({ from, text: text(message) }))
  return messages
}

function meet(...nodes: WireTransport[]): void {
  for (const node of nodes) node.setMembers(nodes.map(({ self }) => self))
}

/** The behaviour of wires that every transport has, whatever carries it. */
export function describeTransport(name: string, createNetwork: () => Promise<TransportNetwork>): void {
  describe(`wires over ${name}`, { timeout: 60_000 }, () => {
    let network: TransportNetwork
    beforeEach(async () => {
      network = await createNetwork()
    })
    afterEach(async () => {
      await network.stop()
    })

    it('has one outgoing stream and one dispatcher a member, whatever is sent', async () => {
      const [a, b] = [await network.join(), await network.join()]
      const received = inbox(b)
      meet(a, b)
      for (let i = 0; i < 100; i++) a.send(b.self, bytes(`${i}`))
      a.setMembers([a.self, b.self])
      for (let i = 100; i < 200; i++) a.send(b.self, bytes(`${i}`))
      await until(() => expect(received).toHaveLength(200))
      expect(network.outgoing(a, b)).toBe(1)
      expect(a.stats()).toHaveLength(1)
    })

    it('never blocks the sender: a full buffer drops the oldest, and the last ones arrive in order', async () => {
      const [a, b] = [await network.join(), await network.join()]
      const received = inbox(b)
      meet(a, b)
      const over = 37
      for (let i = 0; i < QUEUE_CAPACITY + over; i++) a.send(b.self, bytes(`${i}`))
      await until(() => expect(received).toHaveLength(QUEUE_CAPACITY))
      expect(received.map((message) => Number(message.text))).toEqual(Array.from({ length: QUEUE_CAPACITY }, (_, i) => i + over))
      expect(a.stats()[0]?.dropped).toBe(over)
    })

    it('sends what was in hand again when the stream breaks, each message once and in order', async () => {
      const [a, b] = [await network.join(), await network.join()]
      const received = inbox(b)
      meet(a, b)
      a.send(b.self, bytes('0'))
      await until(() => expect(received).toHaveLength(1))
      for (let i = 1; i < 200; i++) {
        a.send(b.self, bytes(`${i}`))
        if (i % 50 === 0) network.breakStreams(a, b)
      }
      await until(() => expect(received).toHaveLength(200))
      expect(received.map((message) => Number(message.text))).toEqual(Array.from({ length: 200 }, (_, i) => i))
      expect(a.stats()[0]?.reconnects).toBeGreaterThan(0)
      expect(a.stats()[0]?.dropped).toBe(0)
    })

    it('stops reconnecting when the wire is closed', async () => {
      const [a, b] = [await network.join(), await network.join()]
      const received = inbox(b)
      meet(a, b)
      a.send(b.self, bytes('here'))
      await until(() => expect(received).toHaveLength(1))
      a.setMembers([a.self])
      await until(() => expect(network.outgoing(a, b)).toBe(0))
      network.breakStreams(a, b)
      expect(a.stats()).toEqual([])
      expect(network.outgoing(a, b)).toBe(0)
    })

    it('keeps the last messages of a peer that is not a member, and delivers none of them', async () => {
      const [a, b] = [await network.join(), await network.join()]
      const received = inbox(b)
      b.setMembers([b.self])
      a.setMembers([a.self, b.self])
      for (let i = 0; i < TENTATIVE_MESSAGES + 9; i++) a.send(b.self, bytes(`${i}`))
      await until(() => expect(a.stats()[0]?.queued).toBe(0))
      expect(received).toEqual([])
      expect(b.strangers).toMatchObject({ tentative: 1 })
      b.setMembers([b.self, a.self])
      await until(() => expect(received).toHaveLength(TENTATIVE_MESSAGES))
      expect(received.map((message) => Number(message.text))).toEqual(Array.from({ length: TENTATIVE_MESSAGES }, (_, i) => i + 9))
      expect(b.strangers.dropped).toBe(9)
    })

    it('delivers what a new member said before it was one, then what it says: no gap, no double, in order', async () => {
      const [a, b] = [await network.join(), await network.join()]
      const received = inbox(b)
      b.setMembers([b.self])
      a.setMembers([a.self, b.self])
      for (let i = 0; i < 20; i++) a.send(b.self, bytes(`${i}`))
      await until(() => expect(a.stats()[0]?.queued).toBe(0))
      for (let i = 20; i < 40; i++) a.send(b.self, bytes(`${i}`))
      b.setMembers([b.self, a.self])
      for (let i = 40; i < 60; i++) a.send(b.self, bytes(`${i}`))
      await until(() => expect(received).toHaveLength(60))
      expect(received.map((message) => Number(message.text))).toEqual(Array.from({ length: 60 }, (_, i) => i))
    })

    it('closes the tentative receiver that was created first when there are too many', async () => {
      const b = await network.join({ tentativePeers: 2 })
      const received = inbox(b)
      b.setMembers([b.self])
      const others = [await network.join(), await network.join(), await network.join()]
      for (const other of others) {
        other.setMembers([other.self, b.self])
        other.send(b.self, bytes('held'))
        await until(() => expect(other.stats()[0]?.queued).toBe(0))
        // It does not come back when it is closed.
        other.setMembers([other.self])
      }
      expect(b.strangers).toMatchObject({ tentative: 2, evicted: 1 })
      // The first one's messages are gone with its receiver; the others' are still there.
      b.setMembers([b.self, ...others.map(({ self }) => self)])
      await until(() => expect(received).toHaveLength(2))
      expect(new Set(received.map(({ from }) => from))).toEqual(new Set(others.slice(1).map(({ self }) => self)))
    })

    it('takes dispatcher and receiver of a peer that leaves the membership away at once', async () => {
      const [a, b] = [await network.join(), await network.join()]
      const received = inbox(b)
      meet(a, b)
      a.send(b.self, bytes('before'))
      await until(() => expect(received).toHaveLength(1))
      b.setMembers([b.self])
      expect(b.stats()).toEqual([])
      expect(() => b.send(a.self, bytes('after'))).toThrow(TransportStateError)
      a.send(b.self, bytes('after'))
      await until(() => expect(a.stats()[0]?.queued).toBe(0))
      expect(received.map((message) => message.text)).toEqual(['before'])
    })

    it('refuses a stream whose declared identity is not the one that the transport vouches for', async () => {
      const [a, b, c] = [await network.join(), await network.join(), await network.join()]
      const received = inbox(b)
      meet(a, b, c)
      const { encodeFrame } = await import('./wire/frame.ts')
      const raw = await network.openRaw(a, b.self)
      raw.send(encodeFrame({ kind: 'hello', version: 1, session: '00112233445566ff', stream: 1, first: 1, peer: c.self }))
      raw.send(encodeFrame({ kind: 'data', sequence: 1, message: bytes('I am c') }))
      await until(() => expect(b.strangers.refused).toBeGreaterThan(0))
      expect(received).toEqual([])
    })

    it('delivers a message to oneself without touching the network', async () => {
      const a = await network.join()
      const received = inbox(a)
      a.setMembers([a.self])
      a.send(a.self, bytes('note'))
      expect(received).toEqual([])
      await until(() => expect(received).toEqual([{ from: a.self, text: 'note' }]))
      expect(a.stats()).toEqual([])
    })

    it('refuses to send before the first membership, and to one who is no member', async () => {
      const [a, b] = [await network.join(), await network.join()]
      expect(() => a.send(b.self, bytes('early'))).toThrow(TransportStateError)
      a.setMembers([a.self])
      expect(() => a.send(b.self, bytes('stranger'))).toThrow(TransportStateError)
    })

    it('ignores a membership after it is stopped, and stops while somebody waits for messages', async () => {
      const [a, b] = [await network.join(), await network.join()]
      meet(a, b)
      a.send(b.self, bytes('unread'))
      await a.stop()
      a.setMembers([a.self, b.self])
      expect(a.stats()).toEqual([])
      await expect(a.stop()).resolves.toBeUndefined()
    })

    it('counts bytes, queue lengths, drops and reconnects of each peer', async () => {
      const [a, b, c] = [await network.join(), await network.join(), await network.join()]
      const received = [inbox(b), inbox(c)]
      meet(a, b, c)
      a.send(b.self, new Uint8Array(1000))
      a.send(c.self, new Uint8Array(10))
      await until(() => expect(received.map((messages) => messages.length)).toEqual([1, 1]))
      const wires = new Map(a.stats().map((wire) => [wire.peer, wire]))
      expect(wires.get(b.self)).toMatchObject({ bytesSent: 1000, dropped: 0, reconnects: 0 })
      expect(wires.get(c.self)).toMatchObject({ bytesSent: 10, dropped: 0, reconnects: 0 })
      expect(b.stats().find(({ peer }) => peer === a.self)?.bytesReceived).toBe(1000)
      await until(() => expect(a.stats().every(({ queued }) => queued === 0)).toBe(true))
    })

    it('says when a member comes within reach and when its node stops', async () => {
      const [a, b] = [await network.join(), await network.join()]
      const events: string[] = []
      a.onConnection((peer, up) => events.push(`${peer === b.self ? 'b' : '?'} ${up ? 'up' : 'down'}`))
      meet(a, b)
      await until(() => expect(events).toEqual(['b up']))
      await b.stop()
      await until(() => expect(events).toEqual(['b up', 'b down']))
    })

    it('carries half a megabyte in one message, and keeps the order with small ones', async () => {
      const [a, b] = [await network.join(), await network.join()]
      const sizes: number[] = []
      b.onMessage((_from, message) => sizes.push(message.length))
      meet(a, b)
      const sent = [512 * 1024, 1, 256 * 1024, 2, 512 * 1024, 3]
      for (const size of sent) a.send(b.self, new Uint8Array(size).fill(size))
      await until(() => expect(sizes).toEqual(sent))
    })

    it('loses nothing uncounted among ten members while five join and three leave', async () => {
      const nodes = await Promise.all(Array.from({ length: 10 }, () => network.join()))
      const counts = new Map<string, number>()
      const listen = (node: WireTransport): void => {
        const last = new Map<PeerId, number>()
        node.onMessage((from, message) => {
          const number = Number(text(message))
          expect(number, 'messages of one sender arrive in order').toBeGreaterThan(last.get(from) ?? -1)
          last.set(from, number)
          counts.set(`${from} ${node.self}`, (counts.get(`${from} ${node.self}`) ?? 0) + 1)
        })
      }
      nodes.forEach(listen)
      const sent = new Map<string, number>()
      let number = 0
      const chatter = (group: readonly WireTransport[]): void => {
        for (const from of group) {
          for (const to of group) {
            if (from === to) continue
            from.send(to.self, bytes(`${number}`))
            sent.set(`${from.self} ${to.self}`, (sent.get(`${from.self} ${to.self}`) ?? 0) + 1)
          }
        }
        number++
      }
      meet(...nodes)
      for (let i = 0; i < 10; i++) chatter(nodes)
      const group = [...nodes]
      for (let i = 0; i < 5; i++) {
        const joiner = await network.join()
        listen(joiner)
        group.push(joiner)
        // Members learn of the newcomer one after the other, as they do in a room.
        for (const node of [...group].reverse()) node.setMembers(group.map(({ self }) => self))
        chatter(group)
      }
      const leavers = group.splice(2, 3)
      for (const node of group) node.setMembers(group.map(({ self }) => self))
      await Promise.all(leavers.map((node) => node.stop()))
      for (let i = 0; i < 10; i++) chatter(group)
      const gone = new Set(leavers.map(({ self }) => self))
      await until(() => {
        for (const [pair, count] of sent) {
          if (pair.split(' ').some((peer) => gone.has(peer))) continue
          expect(counts.get(pair), pair).toBe(count)
        }
      })
      expect(group.flatMap((node) => node.stats()).every(({ dropped }) => dropped === 0)).toBe(true)
    })
  })
}
