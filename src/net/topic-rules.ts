import { decodeMessage } from '../room/message.ts'
import { REQUEST_TOPIC } from '../room/request.ts'
import type { BodyCase } from '../room/message.ts'
import type { TopicValidator } from './gossip.ts'

const REQUEST_BODIES: ReadonlySet<BodyCase> = new Set(['workRequest', 'workOffer', 'workDone', 'workRefused'])

/**
 * Whether a message may travel on one of the rooms' topics: it must decode within the limits of the room's messages.
 * The relay and every tab ask this before they pass a message on, so that nonsense goes no further than its sender.
 */
export const validateRoomTopic: TopicValidator = (topic, _from, message) => {
  if (!topic.startsWith('jobprocessing_') && topic !== REQUEST_TOPIC) return 'accept'
  try {
    const { body } = decodeMessage(message)
    // A body that this version does not know still passes: a newer one may.
    if (topic === REQUEST_TOPIC && body.case !== undefined && !REQUEST_BODIES.has(body.case)) return 'reject'
    return 'accept'
  } catch {
    return 'reject'
  }
}
