import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { EnvelopeSchema } from './messages_pb.ts'
import type { Envelope } from './messages_pb.ts'
import { checkLimits } from './limits.ts'
import type { PeerId } from '../domain/ids.ts'

type Plain<T> = T extends Uint8Array
  ? Uint8Array
  : T extends (infer U)[]
    ? Plain<U>[]
    : T extends object
      ? { [K in keyof T as K extends '$typeName' | '$unknown' ? never : K]: Plain<T[K]> }
      : T

/** A message as plain data: `{block, microjob, term, body: {case, value}}`. `messages.proto` is its specification. */
export type Message = Plain<Envelope>
export type Body = Exclude<Message['body'], { case: undefined }>
export type BodyCase = Body['case']
export type BodyOf<C extends BodyCase> = Extract<Body, { case: C }>['value']

/** Whose word a part of a draw is: its sender's, unless a host passes it on. */
export function authorOf(from: PeerId, { body }: Message): PeerId {
  if (body.case !== 'reveal' && body.case !== 'verifierReport' && body.case !== 'checkReply') return from
  return body.value.peer === '' ? from : body.value.peer
}

/** A message that cannot be a message of ours: the sender is at fault, the receiver drops it. */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError'
}

/** Protobuf bytes of a message. */
export function encodeMessage(message: Message): Uint8Array {
  return toBinary(EnvelopeSchema, create(EnvelopeSchema, message))
}

/**
 * Bounded inverse of {@link encodeMessage}. A body this version does not know comes back with `case: undefined`.
 * @throws MalformedMessageError on bytes that do not parse or break a limit of `limits.ts`
 */
export function decodeMessage(bytes: Uint8Array): Message {
  let message: Message
  try {
    message = fromBinary(EnvelopeSchema, bytes, { readUnknownFields: false })
  } catch (cause) {
    throw new MalformedMessageError(`${bytes.length} bytes are not an envelope: ${String(cause)}`, { cause })
  }
  const fault = checkLimits(message)
  if (fault !== null) throw new MalformedMessageError(fault)
  return message
}
