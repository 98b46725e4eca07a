import { createTopicScoreParams } from '@libp2p/gossipsub/score'
import { isOwnTopic } from './gossip-limits.ts'
import type { GossipSub } from '@libp2p/gossipsub'
import type { PeerId, Stream } from '@libp2p/interface'

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

/** A frame that is too large to be read belongs to no topic that we know: it counts here, as one rejected message. */
const OVERSIZED_TOPIC = 'roomful/oversized'

interface ScoringPubSub extends GossipSub {
  score?: {
    params: { topics: Record<string, typeof ROOM_TOPIC> }
    peerStats: Map<string, { connected: boolean; expire: number }>
    score(peer: string): number
    addPeer(peer: string): void
    rejectInvalidMessage(peer: string, topic: string): void
  }
  streamsInbound: Map<string, { rawStream: Stream }>
  handlePeerReadStreamError(error: Error, peer: PeerId): void
}

/**
 * Scores every topic of ours, and forgets no score. Mends @libp2p/gossipsub 17.1.1:
 * - It takes a list of topics at its start alone, but rooms come and go, what was counted for a topic outlives it, and
 *   the library fails on a count whose topic is not listed any more.
 * - It keeps what it counted against a peer that leaves for an hour, and throws it away when the peer comes back.
 * - A frame above its limit counts for nothing. The library stops reading the stream and tells nobody, and the peer goes
 *   on writing to it for good. Here it counts, and the peer learns that its stream has ended.
 */
export function scoreOwnTopics(pubsub: GossipSub): void {
  const scoring = pubsub as ScoringPubSub
  const { score } = scoring
  if (score === undefined) return
  score.params.topics = new Proxy<Record<string, typeof ROOM_TOPIC>>(
    {},
    { get: (_topics, topic) => (typeof topic === 'string' && isOwnTopic(topic) ? ROOM_TOPIC : undefined) },
  )
  const addPeer = score.addPeer.bind(score)
  score.addPeer = (peer) => {
    const known = score.peerStats.get(peer)
    if (known === undefined) return addPeer(peer)
    known.connected = true
    known.expire = 0
  }
  const onReadError = scoring.handlePeerReadStreamError.bind(scoring)
  scoring.handlePeerReadStreamError = (error, peer) => {
    const id = peer.toString()
    if (error.name === 'InvalidDataLengthError') score.rejectInvalidMessage(id, OVERSIZED_TOPIC)
    scoring.streamsInbound.get(id)?.rawStream.abort(error)
    onReadError(error, peer)
  }
}

/** What a peer's behaviour is worth: 0 for one of whom nothing bad is known, negative for others. */
export function scoreOf(pubsub: GossipSub, peer: string): number {
  return (pubsub as ScoringPubSub).score?.score(peer) ?? 0
}
