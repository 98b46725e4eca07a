import { decodeCanonical, encodeCanonical } from '../domain/ids.ts'
import { MAX_ENTRY_BYTES } from './log-entry.ts'

/** Bytes of a record's digest. */
export const DIGEST_BYTES = 32
/** Most records that one side names in an exchange. */
export const MAX_NAMED = 50_000
/** Most bytes of one message of an exchange. */
export const MAX_EXCHANGE_BYTES = 2 * MAX_NAMED * DIGEST_BYTES + 1_000
/** Entries are sent in messages of about this many bytes. */
export const PAGE_BYTES = 128 * 1024
/** Most entries that are taken from one exchange. */
export const MAX_EXCHANGED_ENTRIES = 100_000

/** First message of an exchange: what the asking side has, digests joined. */
export interface Offer {
  kind: 'offer'
  /** What it needs itself: unfinished work. */
  live: Uint8Array
  /** What else it has. */
  rest: Uint8Array
  /** Whether it is an archive, which asks for others' sake: whoever answers has yet to ask itself. */
  archive: boolean
}

/** Entries that the other side lacks. */
export interface Page {
  kind: 'page'
  entries: Uint8Array[]
}

/** The end of one side's pages, and what it wants of the other's offer. */
export interface Done {
  kind: 'done'
  want: Uint8Array
}

export type ExchangeMessage = Offer | Page | Done

/** A new entry, or the state of a replica and whether it is an archive, on the database's topic. */
export type GossipMessage = { kind: 'entry'; entry: Uint8Array } | { kind: 'state'; state: Uint8Array; archive: boolean }

export function encodeMessage(message: ExchangeMessage | GossipMessage): Uint8Array {
  return encodeCanonical(message)
}

/** Reads a message of an exchange within its limits, or null. Never throws. */
export function decodeExchange(bytes: Uint8Array): ExchangeMessage | null {
  const value = fields(bytes, MAX_EXCHANGE_BYTES)
  if (value === null) return null
  const { kind, live, rest, archive, entries, want } = value
  if (kind === 'offer' && isDigests(live) && isDigests(rest)) return { kind, live, rest, archive: archive === true }
  if (kind === 'done' && isDigests(want)) return { kind, want }
  if (
    kind === 'page' &&
    Array.isArray(entries) &&
    entries.every((entry) => entry instanceof Uint8Array && entry.length <= MAX_ENTRY_BYTES)
  ) {
    return { kind, entries }
  }
  return null
}

/** Reads a message from the topic within its limits, or null. Never throws. */
export function decodeGossip(bytes: Uint8Array): GossipMessage | null {
  const value = fields(bytes, MAX_ENTRY_BYTES + 100)
  if (value === null) return null
  const { kind, entry, state, archive } = value
  if (kind === 'entry' && entry instanceof Uint8Array) return { kind, entry }
  if (kind === 'state' && state instanceof Uint8Array && state.length === DIGEST_BYTES) return { kind, state, archive: archive === true }
  return null
}

/** The digests of a joined list. */
export function splitDigests(joined: Uint8Array): Uint8Array[] {
  return Array.from({ length: joined.length / DIGEST_BYTES }, (_, i) => joined.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES))
}

export function joinDigests(digests: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(digests.length * DIGEST_BYTES)
  for (const [i, digest] of digests.entries()) joined.set(digest, i * DIGEST_BYTES)
  return joined
}

/** One digest of a set, whatever its order: the exclusive or of its members, 32 bytes. */
export function stateOf(digests: readonly Uint8Array[]): Uint8Array {
  const state = new Uint8Array(DIGEST_BYTES)
  for (const digest of digests) for (let i = 0; i < DIGEST_BYTES; i++) state[i]! ^= digest[i]!
  return state
}

function fields(bytes: Uint8Array, most: number): Record<string, unknown> | null {
  if (bytes.length > most) return null
  try {
    const value = decodeCanonical(bytes)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

function isDigests(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length % DIGEST_BYTES === 0 && value.length <= MAX_NAMED * DIGEST_BYTES
}
