import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { PubSub } from './ports.ts'

/** One network that a contract test publishes on. */
export interface PubSubNetwork {
  /** Puts another node on the network. */
  join(): Promise<PubSub>
  stop(): Promise<void>
}

const TOPIC = 'roomful/contract'
const text = (message: Uint8Array): string => new TextDecoder().decode(message)
const bytes = (message: string): Uint8Array => new TextEncoder().encode(message)
const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 50_000, interval: 10 })

function inbox(node: PubSub): string[] {
  const messages: string[] = []
  node.onMessage((topic, from, message) => messages.push(`${topic} ${from} ${text(message)}`))
  return messages
}

/** Publishes until everybody hears it: listeners learn of each other in their own time. */
async function settle(nodes: readonly PubSub[], topic: string): Promise<void> {
  const heard = new Set<string>()
  const unsubscribes = nodes.map((node) =>
    node.onMessage((on, from, message) => {
      if (on === topic && text(message) === 'settle') heard.add(`${from} ${node.self}`)
    }),
  )
  await until(() => {
    for (const node of nodes) node.publish(topic, bytes('settle'))
    expect(heard.size).toBe(nodes.length * (nodes.length - 1))
  })
  for (const unsubscribe of unsubscribes) unsubscribe()
}

/** The behaviour of topics that every implementation has. */
export function describePubSub(name: string, createNetwork: () => Promise<PubSubNetwork>): void {
  describe(`topics over ${name}`, { timeout: 60_000 }, () => {
    let network: PubSubNetwork
    beforeEach(async () => {
      network = await createNetwork()
    })
    afterEach(async () => {
      await network.stop()
    })

    it('delivers a message to every other subscriber once, with its sender, and never to oneself', async () => {
      const nodes = await Promise.all([network.join(), network.join(), network.join()])
      for (const node of nodes) node.subscribe(TOPIC)
      await settle(nodes, TOPIC)
      const inboxes = nodes.map(inbox)
      nodes[0]?.publish(TOPIC, bytes('one'))
      nodes[1]?.publish(TOPIC, bytes('two'))
      const [a, b] = [`${TOPIC} ${nodes[0]?.self} one`, `${TOPIC} ${nodes[1]?.self} two`]
      const ours = (messages: string[]): string[] => messages.filter((message) => !message.endsWith('settle')).sort()
      await until(() => expect(inboxes.map(ours)).toEqual([[b], [a], [a, b].sort()]))
      // A second copy would have come before what is said after it.
      nodes[2]?.publish(TOPIC, bytes('three'))
      const c = `${TOPIC} ${nodes[2]?.self} three`
      await until(() => expect(inboxes.map(ours)).toEqual([[b, c].sort(), [a, c].sort(), [a, b].sort()]))
    })

    it('delivers only what was subscribed to', async () => {
      const [a, b] = [await network.join(), await network.join()]
      for (const node of [a, b]) {
        node.subscribe(TOPIC)
        node.subscribe(`${TOPIC}-last`)
      }
      a.subscribe('roomful/other')
      await settle([a, b], TOPIC)
      await settle([a, b], `${TOPIC}-last`)
      const received = inbox(b)
      a.publish('roomful/other', bytes('not for b'))
      a.publish(`${TOPIC}-last`, bytes('last'))
      await until(() => expect(received.some((message) => message.endsWith('last'))).toBe(true))
      expect(received.filter((message) => message.includes('roomful/other'))).toEqual([])
    })

    it('delivers nothing after unsubscribing', async () => {
      const [a, b, c] = [await network.join(), await network.join(), await network.join()]
      for (const node of [a, b, c]) node.subscribe(TOPIC)
      await settle([a, b, c], TOPIC)
      const [atB, atC] = [inbox(b), inbox(c)]
      b.unsubscribe(TOPIC)
      a.publish(TOPIC, bytes('late'))
      await until(() => expect(atC.some((message) => message.endsWith('late'))).toBe(true))
      expect(atB.filter((message) => message.endsWith('late'))).toEqual([])
    })

    it('knows who else listens on a topic, and says when that changes', async () => {
      const [a, b] = [await network.join(), await network.join()]
      const changes: string[][] = []
      a.onSubscribers((topic, peers) => {
        if (topic === TOPIC) changes.push([...peers])
      })
      a.subscribe(TOPIC)
      b.subscribe(TOPIC)
      await until(() => expect(a.subscribers(TOPIC)).toEqual([b.self]))
      await until(() => expect(changes.at(-1)).toEqual([b.self]))
      b.unsubscribe(TOPIC)
      await until(() => expect(a.subscribers(TOPIC)).toEqual([]))
      await until(() => expect(changes.at(-1)).toEqual([]))
    })

    it('never throws when publishing, not even to nobody or after it is stopped', async () => {
      const a = await network.join()
      a.publish('roomful/nobody', bytes('alone'))
      a.publish(TOPIC, new Uint8Array(5 * 1024 * 1024))
      await a.stop()
      a.publish(TOPIC, bytes('after'))
      expect(a.subscribers(TOPIC)).toEqual([])
    })
  })
}
