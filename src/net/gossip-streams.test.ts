import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect, it, vi } from 'vitest'
import { startLibp2p } from '../store/test-node.ts'
import { reopenGossipStreams } from './gossip-streams.ts'

const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 20_000, interval: 10 })

it('gossip goes on over the second connection to a peer when the first is closed', { timeout: 30_000 }, async () => {
  const nodes = [await startLibp2p(await generateKeyPair('Ed25519')), await startLibp2p(await generateKeyPair('Ed25519'))] as const
  const [a, b] = nodes
  try {
    const heard = new Map(nodes.map((node) => [node, new Set<number>()]))
    for (const node of nodes) {
      reopenGossipStreams(node)
      node.services.pubsub.addEventListener('message', ({ detail }) => heard.get(node)!.add(detail.data[0]!))
      node.services.pubsub.subscribe('/orbitdb/twice')
    }
    const say = (what: number): Promise<void> =>
      until(() => {
        for (const node of nodes) void node.services.pubsub.publish('/orbitdb/twice', Uint8Array.of(what))
        expect(nodes.map((node) => heard.get(node)!.has(what))).toEqual([true, true])
      })
    const first = await a.dial(b.getMultiaddrs())
    await say(1)
    const second = await a.dial(b.getMultiaddrs(), { force: true })
    expect(second.id).not.toBe(first.id)
    await until(() => expect(b.getConnections(a.peerId)).toHaveLength(2))
    await first.close()
    await until(() => expect(b.getConnections(a.peerId)).toHaveLength(1))
    await say(2)
  } finally {
    await Promise.all(nodes.map((node) => node.stop()))
  }
})
