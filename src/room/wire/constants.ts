/** Streams of one peer that are refused before the peer is. */
export const MAX_REFUSALS = 8

/** Protocol of the wires between members. Frames of `frame.ts`, each behind an unsigned varint of its length. */
export const ROOM_PROTOCOL = '/roomful/room/1.0.0'

/** Version inside {@link ROOM_PROTOCOL}, in the first frame of a stream. */
export const WIRE_VERSION = 1

/** Largest message that a wire carries, bytes: twice a result with the largest inline output, and room to spare. */
export const MAX_MESSAGE_BYTES = 1024 * 1024

/** Largest frame, bytes: a message, its kind and its sequence number. */
export const MAX_FRAME_BYTES = MAX_MESSAGE_BYTES + 16

/** Longest peer id in a greeting, characters. */
export const MAX_PEER_ID_LENGTH = 128

/** Messages that wait in a dispatcher before the oldest is dropped. */
export const QUEUE_CAPACITY = 512

/** Bytes that wait in a dispatcher before the oldest is dropped. */
export const QUEUE_BYTES = 64 * 1024 * 1024

/** Messages on their way that are not acknowledged yet; they are sent again after a break. */
export const WINDOW_MESSAGES = 64

/** Bytes on their way that are not acknowledged yet. One message may always be on its way. */
export const WINDOW_BYTES = 4 * 1024 * 1024

/** A receiver acknowledges after this many messages… */
export const ACK_EVERY_MESSAGES = 16

/** …or this many bytes… */
export const ACK_EVERY_BYTES = 256 * 1024

/** …or this long after a message, ms. */
export const ACK_DELAY_MS = 20

/** Peers that are not members and whose messages are held back. */
export const TENTATIVE_PEERS = 32

/** Messages held back for each of them. */
export const TENTATIVE_MESSAGES = 64

/** Bytes held back for each of them. */
export const TENTATIVE_BYTES = 4 * 1024 * 1024

/** Peers whose last session is remembered after their receiver is gone, so that nothing arrives twice. */
export const REMEMBERED_SESSIONS = 256

/** First pause before a stream is opened again, ms. Doubles with each failure. */
export const BACKOFF_FIRST_MS = 50

/** Longest pause before a stream is opened again, ms. */
export const BACKOFF_MOST_MS = 5_000

/** A stream that held this long was a good one: the next break starts again with no pause, ms. */
export const STREAM_PROVEN_MS = 5_000

/** After a break a wire counts as up for so long, ms, while it looks for another path. */
export const PATH_GRACE_MS = 2_000

/** Pause between two measurements of the control round trip, ms. */
export const PING_EVERY_MS = 5_000
