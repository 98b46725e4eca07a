import { decodeMessage } from '../room/message.ts'
import type { TopicValidator } from './gossip.ts'

/**
 * Whether a message may travel on one of the rooms' topics: it must decode within the limits of the room's messages.
 * The relay and every tab ask this before they pass a message on, so that nonsense goes no further than its sender.
 */
export const validateRoomTopic: TopicValidator = (topic, _from, message) => {
  if (!topic.startsWith('jobprocessing_') && topic !== 'roomful/requests') return 'accept'
  try {
    // A body that this version does not know still passes: a newer one may.
    decodeMessage(message)
    return 'accept'
  } catch {
    return 'reject'
  }
}
