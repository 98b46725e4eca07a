import { generateKeyPair } from '@libp2p/crypto/keys'
import { describe, expect, it, vi } from 'vitest'
import { connect, startLibp2p } from '../store/test-node.ts'
import { scoreOf, scoreOwnTopics } from './gossip-score.ts'
import { reopenGossipStreams } from './gossip-streams.ts'
import type { TopicValidatorResult } from '@libp2p/gossipsub'

const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 20_000, interval: 10 })

describe('the score of a peer', { timeout: 30_000 }, () => {
  it('counts nonsense on every topic of ours, one that opened later too, and outlives the topic', async () => {
    const [node, stranger] = [await startLibp2p(await generateKeyPair('Ed25519')), await startLibp2p(await generateKeyPair('Ed25519'))]
    try {
      const { pubsub } = node.services
      scoreOwnTopics(pubsub)
      await connect({ libp2p: stranger }, { libp2p: node })
      const topic = '/orbitdb/opened-later'
      pubsub.topicValidators.set(topic, () => 'reject' as TopicValidatorResult)
      pubsub.subscribe(topic)
      await until(() => expect(stranger.services.pubsub.getSubscribers(topic)).toHaveLength(1))
      for (let i = 0; i < 4; i++) await stranger.services.pubsub.publish(topic, Uint8Array.of(i))
      await until(() => expect(scoreOf(pubsub, stranger.peerId.toString())).toBeLessThan(-80))
      pubsub.unsubscribe(topic)
      // The library looks the topics of its counts up when a peer leaves.
      const { score } = pubsub as unknown as { score: { removePeer(peer: string): void } }
      expect(() => score.removePeer(stranger.peerId.toString())).not.toThrow()
      expect(scoreOf(pubsub, stranger.peerId.toString())).toBeLessThan(-80)
    } finally {
      await Promise.all([node.stop(), stranger.stop()])
    }
  })

  it('is not lost when a peer comes back', async () => {
    const [node, stranger] = [await startLibp2p(await generateKeyPair('Ed25519')), await startLibp2p(await generateKeyPair('Ed25519'))]
    try {
      const { pubsub } = node.services
      const id = stranger.peerId.toString()
      scoreOwnTopics(pubsub)
      const topic = '/orbitdb/nonsense'
      pubsub.topicValidators.set(topic, () => 'reject' as TopicValidatorResult)
      pubsub.subscribe(topic)
      const meet = async (): Promise<void> => {
        await connect({ libp2p: stranger }, { libp2p: node })
        await until(() => expect(stranger.services.pubsub.getSubscribers(topic)).toHaveLength(1))
      }
      await meet()
      for (let i = 0; i < 2; i++) await stranger.services.pubsub.publish(topic, Uint8Array.of(i))
      await until(() => expect(scoreOf(pubsub, id)).toBeLessThan(-30))
      await stranger.hangUp(node.peerId)
      await until(() => expect(node.getPeers()).toEqual([]))
      await meet()
      expect(scoreOf(pubsub, id)).toBeLessThan(-30)
      for (let i = 2; i < 4; i++) await stranger.services.pubsub.publish(topic, Uint8Array.of(i))
      await until(() => expect(scoreOf(pubsub, id)).toBeLessThan(-80))
    } finally {
      await Promise.all([node.stop(), stranger.stop()])
    }
  })

  it('falls with frames that are too large to be read', async () => {
    const [node, stranger] = [await startLibp2p(await generateKeyPair('Ed25519')), await startLibp2p(await generateKeyPair('Ed25519'))]
    try {
      const { pubsub } = node.services
      scoreOwnTopics(pubsub)
      reopenGossipStreams(stranger)
      ;(pubsub as unknown as { opts: { maxInboundDataLength: number } }).opts.maxInboundDataLength = 1_000
      pubsub.subscribe('/orbitdb/large')
      await connect({ libp2p: stranger }, { libp2p: node })
      await until(() => {
        void stranger.services.pubsub.publish('/orbitdb/large', new Uint8Array(2_000).fill(Math.random() * 256)).catch(() => undefined)
        expect(scoreOf(pubsub, stranger.peerId.toString())).toBeLessThan(-80)
      })
    } finally {
      await Promise.all([node.stop(), stranger.stop()])
    }
  })
})
