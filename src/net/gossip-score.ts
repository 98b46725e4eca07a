import { createTopicScoreParams } from '@libp2p/gossipsub/score'
import { isOwnTopic } from './gossip-limits.ts'
import type { GossipSub } from '@libp2p/gossipsub'

/**
 * Only what a validator rejects counts for a topic of ours: three such messages in a minute take a peer below the
 * threshold under which nothing of it is heard (−80 with the library's thresholds). Rooms are small, short and quiet, so
 * what public networks score beside that, like the share of first deliveries, would only punish the slow.
 */
const ROOM_TOPIC = createTopicScoreParams({
  topicWeight: 1,
  timeInMeshWeight: 0,
  firstMessageDeliveriesWeight: 0,
  meshMessageDeliveriesWeight: 0,
  meshFailurePenaltyWeight: 0,
  invalidMessageDeliveriesWeight: -10,
  // Per second: half of it is forgotten after a minute.
  invalidMessageDeliveriesDecay: 0.5 ** (1 / 60),
})

interface ScoringPubSub extends GossipSub {
  score?: { params: { topics: Record<string, typeof ROOM_TOPIC> }; score(peer: string): number }
}

/**
 * Scores every topic of ours. gossipsub takes a list of topics at its start alone, but rooms come and go, what was
 * counted for a topic outlives it, and the library fails on a count whose topic is not listed any more.
 */
export function scoreOwnTopics(pubsub: GossipSub): void {
  const { score } = pubsub as ScoringPubSub
  if (score === undefined) return
  score.params.topics = new Proxy<Record<string, typeof ROOM_TOPIC>>(
    {},
    { get: (_topics, topic) => (typeof topic === 'string' && isOwnTopic(topic) ? ROOM_TOPIC : undefined) },
  )
}

/** What a peer's behaviour is worth: 0 for one of whom nothing bad is known, negative for others. */
export function scoreOf(pubsub: GossipSub, peer: string): number {
  return (pubsub as ScoringPubSub).score?.score(peer) ?? 0
}
