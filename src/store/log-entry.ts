import { Entry } from '@orbitdb/core'
import type { LogEntry } from '@orbitdb/core'
import { recordBytes, checkSigned } from '../domain/record-check.ts'
import { decodeCanonical, encodeCanonical, hashBytes } from '../domain/ids.ts'
import { ownerOf } from '../domain/record.ts'
import type { DatabaseRecord, LedgerRecord, Signed } from '../domain/record.ts'
import type { Signer } from '../room/ports.ts'
import { identityHash, logHash, peerIdentities } from './identity.ts'

export type AnyRecord = DatabaseRecord | LedgerRecord

/** Most bytes of an entry: a record and what OrbitDB adds. */
export const MAX_ENTRY_BYTES = 56_000
/** Most predecessors that an entry may name. */
export const MAX_LINKS = 64
/** Largest Lamport time: far from where adding one would no longer be exact. */
export const MAX_LOG_TIME = 2 ** 52

const HASH_TEXT = /^zdpu[1-9A-HJ-NP-Za-km-z]{40,60}$/
const FIELDS = ['clock', 'id', 'identity', 'key', 'next', 'payload', 'refs', 'sig', 'v']

/** An entry of a log with the record in it. */
export interface ReadEntry {
  entry: LogEntry
  hash: string
  bytes: Uint8Array
  signed: Signed<AnyRecord>
  /** sha2-256 of what the record's owner signed: the same for one record in whatever entry it comes. 32 bytes. */
  digest: Uint8Array
}

export type EntryResult = { ok: true; read: ReadEntry } | { ok: false; reason: string }

/** Decodes an entry from a stranger within its limits. Never throws. Signatures are not looked at. */
export function readEntry(bytes: Uint8Array, address: string): EntryResult {
  if (bytes.length > MAX_ENTRY_BYTES)
    return { ok: false, reason: `an entry of ${bytes.length} bytes; at most ${MAX_ENTRY_BYTES} are allowed` }
  let value: unknown
  try {
    value = decodeCanonical(bytes)
  } catch {
    return { ok: false, reason: 'an entry that is not canonical DAG-CBOR' }
  }
  if (!isEntry(value)) return { ok: false, reason: 'something that is not an entry of a log' }
  if (value.id !== address) return { ok: false, reason: 'an entry of another database' }
  const signed = recordOf(value)
  if (typeof signed === 'string') return { ok: false, reason: signed }
  return { ok: true, read: { entry: value, hash: logHash(bytes), bytes, signed, digest: hashBytes(recordBytes(signed.record)) } }
}

/** The record in an entry whose writer is its owner, or what is wrong. */
export function recordOf(entry: LogEntry): Signed<AnyRecord> | string {
  const { payload } = entry
  if (typeof payload !== 'object' || payload === null || !('op' in payload) || payload.op !== 'ADD' || !('value' in payload)) {
    return 'an entry without a record'
  }
  const checked = checkSigned(payload.value)
  if (!checked.ok) return `a record whose ${checked.fault.field || 'form'} ${checked.fault.reason}`
  const owner = ownerOf(checked.record.record)
  if (entry.key !== owner) return `a record of ${owner} in an entry of ${entry.key}`
  if (entry.identity !== identityHash(owner) || entry.clock.id !== owner)
    return `an entry whose identity is not that of its key ${entry.key}`
  return checked.record
}

/** Whether both the entry and the record in it are signed by the record's owner. */
export async function isSigned({ entry, signed }: Pick<ReadEntry, 'entry' | 'signed'>, signer: Signer): Promise<boolean> {
  const { record, signature } = signed
  const { identity } = peerIdentities(signer)
  const answers = await Promise.all([signer.verify(ownerOf(record), recordBytes(record), signature), Entry.verify(identity, entry)])
  return answers.every(Boolean)
}

/** Bytes of an entry as OrbitDB stores it. */
export function entryBytes(entry: LogEntry): Uint8Array {
  const { hash: _hash, ...stored } = entry
  return encodeCanonical(stored)
}

function isEntry(value: unknown): value is LogEntry {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const entry = value as Record<string, unknown>
  const names = Object.keys(entry).sort()
  if (names.length !== FIELDS.length || names.some((name, i) => name !== FIELDS[i])) return false
  const { clock } = entry
  return (
    entry['v'] === 2 &&
    typeof entry['id'] === 'string' &&
    typeof entry['key'] === 'string' &&
    typeof entry['identity'] === 'string' &&
    typeof entry['sig'] === 'string' &&
    isLinks(entry['next']) &&
    isLinks(entry['refs']) &&
    typeof clock === 'object' &&
    clock !== null &&
    Object.keys(clock).length === 2 &&
    'id' in clock &&
    typeof clock.id === 'string' &&
    'time' in clock &&
    Number.isSafeInteger(clock.time) &&
    (clock.time as number) >= 1 &&
    (clock.time as number) <= MAX_LOG_TIME
  )
}

function isLinks(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= MAX_LINKS && value.every((link) => typeof link === 'string' && HASH_TEXT.test(link))
}
