import { concat, textBytes } from './bytes.ts'
import type { Certificate, CertificateBody, Conviction } from './certificate.ts'
import { encodeCanonical } from './ids.ts'
import type { DatabaseRecord, LedgerRecord, Signed } from './record.ts'

/**
 * Most bytes of a record in canonical DAG-CBOR: what is larger belongs into a block of its own. The certificate of the
 * largest microjob that can be planned has some 40,000.
 */
export const MAX_RECORD_BYTES = 48_000
/** Longest title, characters. */
export const MAX_TITLE_LENGTH = 200
/** Longest reason of a refusal, characters. */
export const MAX_REASON_LENGTH = 500
/** Most chunks, and most microjobs, of a job. */
export const MAX_JOB_CHUNKS = 2 ** 31
/** Most chunk results in one partial record or certificate. */
export const MAX_RECORD_CHUNKS = 64
/** Most members that a certificate lists. */
export const MAX_RECORD_MEMBERS = 64
/** Most answers of arbiters in one conviction. */
export const MAX_RECORD_REPLIES = 256
/** Longest time that one claim may hold a microjob, ms; its host renews it. */
export const MAX_CLAIM_MS = 3_600_000
/** Latest point in time that a record can name, ms since the epoch. */
export const MAX_TIME = 8.64e15

/** Thinnest sample that a certificate may name: one chunk in so many. */
export const MAX_CHUNKS_PER_CHECK = 1_000_000

const SIGNATURE_BYTES = 64
const HASH_BYTES = 32
const PREFIX = textBytes('roomful/record/1\n')

/** CIDv1 in base32 of a raw or DAG-CBOR block under sha2-256, in its only canonical spelling. */
const CID_TEXT = /^b(?:afkrei|afyrei)[a-h][a-z2-7]{50}[aeimquy4]$/
/** An Ed25519 peer id: base58btc of an identity multihash of 36 bytes. */
const PEER_TEXT = /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/

/** Name of a single work request. */
const REQUEST_TEXT = /^[0-9a-f]{32}$/

/** What is wrong with an untrusted record: the field by its path, and why. */
export interface RecordFault {
  field: string
  reason: string
}

export type RecordCheck<R> = { ok: true; record: R } | { ok: false; fault: RecordFault }

/** Bytes that a record's owner signs: canonical DAG-CBOR behind a prefix that no other signature of ours has. */
export function recordBytes(record: DatabaseRecord | LedgerRecord): Uint8Array {
  return concat(PREFIX, encodeCanonical(record))
}

/**
 * Checks the shape and the limits of a record from a stranger: exactly the fields of its kind, each within its limits.
 * Never throws. It says nothing about signatures or about whether the certificate of a result holds.
 */
export function checkRecord(value: unknown): RecordCheck<DatabaseRecord | LedgerRecord> {
  try {
    const kind = isPlain(value) ? value['kind'] : undefined
    const shape = typeof kind === 'string' ? SHAPES.get(kind) : undefined
    if (shape === undefined) throw new Fault('kind', 'is not a kind of record')
    shape(value, '')
    const record = value as DatabaseRecord | LedgerRecord
    checkRelations(record)
    const size = encodeCanonical(record).length
    if (size > MAX_RECORD_BYTES) throw new Fault('', `has ${size} bytes; at most ${MAX_RECORD_BYTES} are allowed`)
    return { ok: true, record }
  } catch (error) {
    if (error instanceof Fault) return { ok: false, fault: { field: error.field, reason: error.message } }
    return { ok: false, fault: { field: '', reason: 'cannot be encoded as canonical DAG-CBOR' } }
  }
}

/** {@link checkRecord} for a record with its signature, whose length is checked as well. Never throws. */
export function checkSigned(value: unknown): RecordCheck<Signed<DatabaseRecord | LedgerRecord>> {
  if (!isPlain(value) || Object.keys(value).length !== 2 || !('record' in value)) {
    return { ok: false, fault: { field: '', reason: 'is not a record with its signature' } }
  }
  const { record, signature } = value
  if (!(signature instanceof Uint8Array) || signature.length !== SIGNATURE_BYTES) {
    return { ok: false, fault: { field: 'signature', reason: `is not ${SIGNATURE_BYTES} bytes` } }
  }
  const checked = checkRecord(record)
  return checked.ok ? { ok: true, record: { record: checked.record, signature } } : checked
}

/** What is wrong with the form of something that should be a certificate, or null. It may still not hold. Never throws. */
export function certificateFault(value: unknown): RecordFault | null {
  try {
    certificate(value, '')
    return null
  } catch (error) {
    return error instanceof Fault ? { field: error.field, reason: error.message } : { field: '', reason: 'cannot be read' }
  }
}

class Fault extends Error {
  override readonly name = 'Fault'
  readonly field: string

  constructor(field: string, reason: string) {
    super(reason)
    this.field = field
  }
}

type Shape = (value: unknown, field: string) => void

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function object(fields: Record<string, Shape>): Shape {
  const names = Object.keys(fields)
  return (value, at) => {
    if (!isPlain(value)) throw new Fault(at, 'is not an object')
    const extra = Object.keys(value).find((name) => !Object.hasOwn(fields, name))
    if (extra !== undefined) throw new Fault(`${at}.${extra.slice(0, 40)}`, 'is not a field of this kind')
    for (const name of names) fields[name]!(value[name], at === '' ? name : `${at}.${name}`)
  }
}

function list(item: Shape, most: number): Shape {
  return (value, at) => {
    if (!Array.isArray(value)) throw new Fault(at, 'is not a list')
    if (value.length > most) throw new Fault(at, `has ${value.length} items; at most ${most} are allowed`)
    // A hole in the list would be skipped by forEach.
    for (let i = 0; i < value.length; i++) item(value[i], `${at}[${i}]`)
  }
}

function only(...allowed: unknown[]): Shape {
  return (value, at) => {
    if (!allowed.includes(value)) throw new Fault(at, `is not one of ${allowed.map(String).join(', ')}`)
  }
}

function whole(least: number, most: number): Shape {
  return (value, at) => {
    if (!Number.isSafeInteger(value) || Object.is(value, -0) || (value as number) < least || (value as number) > most) {
      throw new Fault(at, `is not a whole number from ${least} to ${most}`)
    }
  }
}

function pattern(form: RegExp, what: string): Shape {
  return (value, at) => {
    if (typeof value !== 'string' || !form.test(value)) throw new Fault(at, `is not ${what}`)
  }
}

function text(most: number): Shape {
  return (value, at) => {
    if (typeof value !== 'string' || value.length > most || !value.isWellFormed()) {
      throw new Fault(at, `is not a text of at most ${most} characters`)
    }
  }
}

function bytes(...lengths: number[]): Shape {
  return (value, at) => {
    if (!(value instanceof Uint8Array) || !lengths.includes(value.length)) throw new Fault(at, `is not ${lengths.join(' or ')} bytes`)
  }
}

function nullable(shape: Shape): Shape {
  return (value, at) => {
    if (value !== null) shape(value, at)
  }
}

function flag(value: unknown, at: string): void {
  if (typeof value !== 'boolean') throw new Fault(at, 'is not true or false')
}

const cid = pattern(CID_TEXT, 'a content address')
const peer = pattern(PEER_TEXT, 'an Ed25519 peer id')
const time = whole(0, MAX_TIME)
const index = whole(0, MAX_JOB_CHUNKS)
const count = whole(1, MAX_JOB_CHUNKS)
const fuel = whole(0, Number.MAX_SAFE_INTEGER)
const hash = bytes(HASH_BYTES)
const signature = bytes(SIGNATURE_BYTES)

const certificateBody = object({
  version: only(1),
  job: cid,
  kernel: cid,
  block: cid,
  blockIndex: index,
  microjob: index,
  term: index,
  host: peer,
  epoch: index,
  attempt: index,
  chunksPerCheck: whole(1, MAX_CHUNKS_PER_CHECK),
  credibleAfter: whole(0, MAX_JOB_CHUNKS),
  standings: list(object({ peer, passed: count }), MAX_RECORD_MEMBERS),
  disputed: list(index, MAX_RECORD_CHUNKS),
  chunks: list(object({ chunk: index, peer, output: cid, fuel, engine: only('webgpu', 'cpu') }), MAX_RECORD_CHUNKS),
  resultRoot: hash,
  entropy: list(object({ peer, commitment: hash, secret: hash, statement: nullable(signature) }), MAX_RECORD_MEMBERS),
  verifier: peer,
  second: nullable(peer),
  checked: list(object({ chunk: index, peer, expected: cid, agrees: flag }), MAX_RECORD_CHUNKS),
  verdict: only('verified', 'refused'),
} satisfies Record<keyof CertificateBody, Shape>)

const certificate = object({
  body: certificateBody,
  hostSignature: signature,
  verifierSignature: signature,
  secondSignature: nullable(signature),
} satisfies Record<keyof Certificate, Shape>)

const conviction = object({
  body: certificateBody,
  verifierSignature: signature,
  secondSignature: nullable(signature),
  replies: list(object({ peer, chunk: index, output: cid, signature }), MAX_RECORD_REPLIES),
} satisfies Record<keyof Conviction, Shape>)

const microjob = { job: cid, block: cid, microjob: index, peer, createdAt: time }

const SHAPES: ReadonlyMap<string, Shape> = new Map(
  Object.entries({
    job: object({
      kind: only('job'),
      job: cid,
      kernel: cid,
      requester: peer,
      title: text(MAX_TITLE_LENGTH),
      chunks: count,
      microjobs: count,
      createdAt: time,
    }),
    tombstone: object({ kind: only('tombstone'), job: cid, requester: peer, createdAt: time }),
    claim: object({ kind: only('claim'), ...microjob, term: index, lapsesAt: time }),
    partial: object({
      kind: only('partial'),
      ...microjob,
      results: list(object({ chunk: index, peer, output: cid, fuel }), MAX_RECORD_CHUNKS),
    }),
    result: object({ kind: only('result'), ...microjob, certificate }),
    request: object({
      kind: only('request'),
      id: pattern(REQUEST_TEXT, '32 hexadecimal digits'),
      job: cid,
      peer,
      worker: nullable(peer),
      output: nullable(cid),
      reason: text(MAX_REASON_LENGTH),
      createdAt: time,
    }),
    conviction: object({ kind: only('conviction'), ...microjob, culprit: peer, proof: conviction }),
    refusal: object({ kind: only('refusal'), ...microjob, culprit: peer, reason: text(MAX_REASON_LENGTH) }),
  }),
)

/** What the fields of a record must say about each other. */
function checkRelations(record: DatabaseRecord | LedgerRecord): void {
  if (record.kind === 'job' && record.microjobs > record.chunks) {
    throw new Fault('microjobs', `are ${record.microjobs}, more than the ${record.chunks} chunks they are made of`)
  }
  if (record.kind === 'request' && (record.worker === null) !== (record.output === null)) {
    throw new Fault('output', 'and worker are either both there or both missing')
  }
  if (record.kind === 'claim') {
    // A claim that lapses at once gives up the one before it.
    const length = record.lapsesAt - record.createdAt
    if (length < 0 || length > MAX_CLAIM_MS) throw new Fault('lapsesAt', `is ${length} ms after createdAt: not from 0 to ${MAX_CLAIM_MS}`)
  }
  if (record.kind === 'result') {
    checkBody('certificate.body', record, record.certificate.body)
    if (record.certificate.body.verdict !== 'verified')
      throw new Fault('certificate.body.verdict', 'is not verified: refused work completes nothing')
  }
  if (record.kind === 'conviction') checkBody('proof.body', record, record.proof.body)
}

function checkBody(at: string, record: Pick<CertificateBody, 'job' | 'block' | 'microjob'>, body: CertificateBody): void {
  for (const field of ['job', 'block', 'microjob'] as const) {
    if (body[field] !== record[field]) throw new Fault(`${at}.${field}`, 'is not that of the record')
  }
}
