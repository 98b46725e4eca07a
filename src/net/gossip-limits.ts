/** Largest message on a topic of ours, bytes: control messages only. */
export const MAX_CONTROL_BYTES = 16 * 1024

/** Largest message on any topic, bytes: database heads, which stay under 10 KB each. Above 4.1 MiB gossip is lost silently. */
export const MAX_GOSSIP_BYTES = 256 * 1024

/** Budget for one peer's subscriptions; each costs its length and about 1 KiB. */
export const MAX_TOPIC_BYTES_PER_PEER = 256 * 1024

/** Longest topic name, characters. */
export const MAX_TOPIC_LENGTH = 256

/** Topics that a relay forwards: rooms and lobbies, work requests and the like, and the job database. */
export const TOPIC_PREFIXES = ['jobprocessing_', 'roomful/', '/orbitdb/'] as const

/** True for the topics of this network. */
export function isOwnTopic(topic: string): boolean {
  return topic.length <= MAX_TOPIC_LENGTH && TOPIC_PREFIXES.some((prefix) => topic.startsWith(prefix))
}

/** Messages published before anybody listens wait for the first listener: so many per topic. */
export const UNHEARD_MESSAGES = 16

/** …and so long, ms. */
export const UNHEARD_MS = 3_000
