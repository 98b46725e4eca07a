import { MAX_FRAME_BYTES, MAX_PEER_ID_LENGTH } from './constants.ts'
import { MalformedFrameError } from './errors.ts'
import type { PeerId } from '../../domain/ids.ts'

/**
 * What travels on a wire's stream. The opener sends `hello` first, then `data`, `ping` and at the end `bye`; the other
 * side answers with `ack` and `pong`. A frame is one byte of kind and then, with unsigned LEB128 varints:
 *
 * | kind | body |
 * |---|---|
 * | 0 `hello` | version, session (8 bytes), number of the stream in its session, first sequence number, peer id (UTF-8) |
 * | 1 `data` | sequence number, message |
 * | 2 `ack` | last sequence number that arrived |
 * | 3 `ping` | token |
 * | 4 `pong` | token |
 * | 5 `bye` | nothing: the opener is leaving for good |
 *
 * A session is a dispatcher's life. Sequence numbers start at 1, rise by one and survive a change of stream, which is
 * what makes that change lose and double nothing.
 */
export type Frame =
  | { kind: 'hello'; version: number; session: string; stream: number; first: number; peer: PeerId }
  | { kind: 'data'; sequence: number; message: Uint8Array }
  | { kind: 'ack'; sequence: number }
  | { kind: 'ping'; token: number }
  | { kind: 'pong'; token: number }
  | { kind: 'bye' }

const KINDS = ['hello', 'data', 'ack', 'ping', 'pong', 'bye'] as const
const SESSION_BYTES = 8

/** The frame's bytes in order, as parts that need no copying of the message. */
export function encodeFrame(frame: Frame): Uint8Array[] {
  const head: number[] = [KINDS.indexOf(frame.kind)]
  switch (frame.kind) {
    case 'hello': {
      pushVarint(head, frame.version)
      head.push(...hexBytes(frame.session))
      pushVarint(head, frame.stream)
      pushVarint(head, frame.first)
      return [Uint8Array.from(head), new TextEncoder().encode(frame.peer)]
    }
    case 'data':
      pushVarint(head, frame.sequence)
      return [Uint8Array.from(head), frame.message]
    case 'ack':
      pushVarint(head, frame.sequence)
      break
    case 'ping':
    case 'pong':
      pushVarint(head, frame.token)
      break
    case 'bye':
      break
  }
  return [Uint8Array.from(head)]
}

/** @throws MalformedFrameError on anything that {@link encodeFrame} does not make */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length > MAX_FRAME_BYTES) {
    throw new MalformedFrameError(`a frame has ${bytes.length} bytes, at most ${MAX_FRAME_BYTES}`)
  }
  const kind = KINDS[bytes[0] ?? KINDS.length]
  const at = { offset: 1 }
  switch (kind) {
    case 'hello': {
      const version = readVarint(bytes, at)
      const session = bytes.subarray(at.offset, at.offset + SESSION_BYTES)
      if (session.length < SESSION_BYTES) throw new MalformedFrameError('a greeting ends inside its session')
      at.offset += SESSION_BYTES
      const stream = readVarint(bytes, at)
      const first = readVarint(bytes, at)
      if (bytes.length - at.offset > MAX_PEER_ID_LENGTH) {
        throw new MalformedFrameError(`a greeting declares a peer id of ${bytes.length - at.offset} bytes`)
      }
      const peer = new TextDecoder().decode(bytes.subarray(at.offset))
      return { kind, version, session: hexText(session), stream, first, peer }
    }
    case 'data': {
      const sequence = readVarint(bytes, at)
      return { kind, sequence, message: bytes.subarray(at.offset) }
    }
    case 'ack':
      return ending(bytes, at, { kind, sequence: readVarint(bytes, at) })
    case 'ping':
    case 'pong':
      return ending(bytes, at, { kind, token: readVarint(bytes, at) })
    case 'bye':
      return ending(bytes, at, { kind })
    default:
      throw new MalformedFrameError(`a frame of ${bytes.length} bytes starts with kind ${String(bytes[0])}`)
  }
}

/** One array with the parts of a frame in order. */
export function joinParts(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** Session name of 16 hexadecimal digits from 8 random bytes. */
export function sessionName(random: Uint8Array): string {
  return hexText(random.subarray(0, SESSION_BYTES))
}

function ending(bytes: Uint8Array, at: { offset: number }, frame: Frame): Frame {
  if (at.offset !== bytes.length) {
    throw new MalformedFrameError(`a frame '${frame.kind}' has ${bytes.length - at.offset} bytes too many`)
  }
  return frame
}

function pushVarint(into: number[], value: number): void {
  let rest = value
  while (rest >= 0x80) {
    into.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  into.push(rest)
}

function readVarint(bytes: Uint8Array, at: { offset: number }): number {
  let value = 0
  let scale = 1
  for (let i = 0; i < 8; i++) {
    const byte = bytes[at.offset++]
    if (byte === undefined) throw new MalformedFrameError('a frame ends inside a number')
    value += (byte & 0x7f) * scale
    if (byte < 0x80) {
      if (value > Number.MAX_SAFE_INTEGER) break
      return value
    }
    scale *= 0x80
  }
  throw new MalformedFrameError('a number in a frame is larger than 2^53')
}

function hexText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function hexBytes(text: string): number[] {
  return Array.from({ length: SESSION_BYTES }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
}
