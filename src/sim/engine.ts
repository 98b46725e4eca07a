import { hashBytes } from '../domain/ids.ts'
import { textBytes } from '../domain/bytes.ts'
import type { PeerId } from '../domain/ids.ts'
import type { Message } from '../room/message.ts'
import type { Behaviour } from './behaviour.ts'
import type { SimNode } from './node.ts'
import { rightHash, wrongHash } from './truth.ts'

/** Whether this behaviour lies about a chunk. Liars of one name lie about the same chunks. */
export function liesAbout(behaviour: Behaviour, id: PeerId, chunk: number): boolean {
  if (behaviour.lies <= 0) return false
  if (behaviour.lies >= 1) return true
  return hashBytes(textBytes(`${behaviour.accomplice || id}/${chunk}`))[0]! / 256 < behaviour.lies
}

/** What a processor says a chunk's output is. */
export function answer(node: SimNode, chunk: number): Uint8Array {
  const { behaviour, id } = node
  return liesAbout(behaviour, id, chunk) ? wrongHash(chunk, behaviour.accomplice || id) : rightHash(chunk)
}

/** What a verifier or arbiter says. */
export function ownHash(behaviour: Behaviour, id: PeerId, chunk: number): Uint8Array {
  return behaviour.liesAsVerifier && liesAbout(behaviour, id, chunk) ? wrongHash(chunk, behaviour.accomplice || id) : rightHash(chunk)
}

/** Messages that this behaviour keeps to itself. */
export function suppresses(behaviour: Behaviour, { body }: Message): boolean {
  return (
    (behaviour.withholdsReveal && body.case === 'reveal') ||
    (behaviour.withholdsReport && (body.case === 'verifierReport' || body.case === 'checkReply')) ||
    (behaviour.withholdsGrants && body.case === 'chunkGrant')
  )
}

/** Messages as this behaviour sends them. */
export function altered(behaviour: Behaviour, message: Message): Message {
  const { body } = message
  if (!behaviour.hidesHand || body.case !== 'heartbeat') return message
  const have = body.value.have.map((entry) => ({ ...entry, checked: 0 }))
  return { ...message, body: { case: 'heartbeat', value: { ...body.value, have, inHand: [] } } }
}
