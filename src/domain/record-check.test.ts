import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Certificate, CertificateBody } from './certificate.ts'
import { cidOfBytes, cidOfValue } from './ids.ts'
import {
  checkRecord,
  checkSigned,
  MAX_CLAIM_MS,
  MAX_JOB_CHUNKS,
  MAX_RECORD_BYTES,
  MAX_RECORD_CHUNKS,
  MAX_RECORD_MEMBERS,
  MAX_RECORD_REPLIES,
  MAX_TITLE_LENGTH,
  recordBytes,
} from './record-check.ts'
import { keyOf, supersedes } from './record.ts'
import type { ClaimRecord, JobRecord, RequestRecord } from './record.ts'

const PEER = '12D3KooWBhkWkqpJ7gFbp1AN4uhHLCpJGkQ6XdqVpt9hYmCqXqYZ'
const OTHER = '12D3KooWQ9mRkZkqpJ7gFbp1AN4uhHLCpJGkQ6XdqVpt9hYmCqX1'
const JOB: JobRecord = {
  kind: 'job',
  job: cidOfValue('job'),
  kernel: cidOfValue('kernel'),
  requester: PEER,
  title: 'A job',
  chunks: 20,
  microjobs: 2,
  createdAt: 1_000,
}
const REQUEST: RequestRecord = {
  kind: 'request',
  id: '0'.repeat(32),
  job: JOB.job,
  peer: PEER,
  worker: OTHER,
  output: cidOfBytes(new Uint8Array(4)),
  reason: '',
  createdAt: 1,
}
const CLAIM: ClaimRecord = {
  kind: 'claim',
  job: JOB.job,
  block: cidOfValue('block'),
  microjob: 0,
  peer: PEER,
  term: 1,
  createdAt: 1_000,
  lapsesAt: 2_000,
}

const faultOf = (value: unknown): string => {
  const checked = checkRecord(value)
  return checked.ok ? 'none' : checked.fault.field
}

describe('a record from a stranger', () => {
  it('is taken when every field is within its limits', () => {
    expect(checkRecord(JOB)).toEqual({ ok: true, record: JOB })
    expect(checkRecord(CLAIM)).toEqual({ ok: true, record: CLAIM })
  })

  it.each([
    ['a kind that does not exist', { ...JOB, kind: 'gift' }, 'kind'],
    ['a field too many', { ...JOB, note: 'x' }, '.note'],
    ['a title that is too long', { ...JOB, title: 'x'.repeat(MAX_TITLE_LENGTH + 1) }, 'title'],
    ['a title with half a character', { ...JOB, title: '\ud800' }, 'title'],
    ['a content address that is none', { ...JOB, job: 'bafkreigarbage' }, 'job'],
    ['a content address in another spelling', { ...JOB, job: JOB.job.toUpperCase() }, 'job'],
    ['a requester that is no peer', { ...JOB, requester: 'ann' }, 'requester'],
    ['a count that is no whole number', { ...JOB, chunks: 1.5 }, 'chunks'],
    ['a count of nothing', { ...JOB, microjobs: 0 }, 'microjobs'],
    ['more microjobs than chunks', { ...JOB, microjobs: 21 }, 'microjobs'],
    ['a time before time', { ...JOB, createdAt: -1 }, 'createdAt'],
    ['a time that is no number', { ...JOB, createdAt: '1000' }, 'createdAt'],
    ['a claim that lapses before it begins', { ...CLAIM, lapsesAt: 999 }, 'lapsesAt'],
    ['a claim that lasts too long', { ...CLAIM, lapsesAt: 1_001 + MAX_CLAIM_MS }, 'lapsesAt'],
    [
      'more results than a record may hold',
      {
        kind: 'partial',
        job: JOB.job,
        block: CLAIM.block,
        microjob: 0,
        peer: PEER,
        createdAt: 1,
        results: Array.from({ length: MAX_RECORD_CHUNKS + 1 }, (_, chunk) => ({ chunk, peer: PEER, output: JOB.job, fuel: 1 })),
      },
      'results',
    ],
    ['a request that names nobody and yet has an output', { ...REQUEST, worker: null }, 'output'],
    ['a request whose name is none', { ...REQUEST, id: '../etc' }, 'id'],
    ['something that is no record at all', null, 'kind'],
  ])('is refused for %s, and the field is named', (_what, value, field) => {
    expect(faultOf(value)).toBe(field)
  })

  it('takes the end of a request, with a worker and without', () => {
    expect(checkRecord(REQUEST).ok).toBe(true)
    expect(checkRecord({ ...REQUEST, worker: null, output: null, reason: 'nobody offered to do it' }).ok).toBe(true)
  })

  /** The certificate of as many chunks, members, standings and checks as a plan allows, with the largest figures. */
  function largest(): Certificate {
    const output = cidOfBytes(new Uint8Array(1))
    const bytes = new Uint8Array(32).fill(255)
    const signature = new Uint8Array(64).fill(255)
    const chunks = Array.from({ length: MAX_RECORD_CHUNKS }, (_, i) => MAX_JOB_CHUNKS - i)
    const body: CertificateBody = {
      version: 1,
      job: JOB.job,
      kernel: JOB.job,
      block: JOB.job,
      blockIndex: MAX_JOB_CHUNKS,
      microjob: 0,
      term: MAX_JOB_CHUNKS,
      host: PEER,
      epoch: MAX_JOB_CHUNKS,
      attempt: MAX_JOB_CHUNKS,
      chunksPerCheck: 1_000_000,
      credibleAfter: MAX_JOB_CHUNKS,
      standings: chunks.map(() => ({ peer: PEER, passed: MAX_JOB_CHUNKS })),
      disputed: chunks,
      chunks: chunks.map((chunk) => ({ chunk, peer: PEER, output, fuel: 2 ** 52, engine: 'webgpu' })),
      resultRoot: bytes,
      entropy: Array.from({ length: MAX_RECORD_MEMBERS }, () => ({ peer: PEER, commitment: bytes, secret: bytes, statement: signature })),
      verifier: PEER,
      second: PEER,
      checked: chunks.map((chunk) => ({ chunk, peer: PEER, expected: output, agrees: true })),
      verdict: 'verified',
    }
    return { body, hostSignature: signature, verifierSignature: signature, secondSignature: signature }
  }

  it('takes the certificate of the largest microjob that can be planned', () => {
    const result = { kind: 'result', job: JOB.job, block: JOB.job, microjob: 0, peer: PEER, createdAt: 1, certificate: largest() }
    expect(checkRecord(result)).toMatchObject({ ok: true })
  })

  it('is refused when it is larger than a record may be, although each field is not', () => {
    const { body, verifierSignature, secondSignature } = largest()
    const conviction = (count: number): unknown => ({
      kind: 'conviction',
      job: JOB.job,
      block: JOB.job,
      microjob: 0,
      peer: PEER,
      culprit: PEER,
      createdAt: 1,
      proof: {
        body,
        verifierSignature,
        secondSignature,
        replies: Array.from({ length: count }, () => ({ peer: PEER, chunk: 0, output: JOB.job, signature: verifierSignature })),
      },
    })
    expect(checkRecord(conviction(MAX_RECORD_REPLIES))).toMatchObject({
      ok: false,
      fault: { reason: expect.stringContaining(`at most ${MAX_RECORD_BYTES}`) },
    })
    expect(checkRecord(conviction(4)).ok).toBe(true)
  })

  it('is refused without a signature of 64 bytes', () => {
    expect(checkSigned({ record: JOB, signature: new Uint8Array(64) }).ok).toBe(true)
    expect(checkSigned({ record: JOB, signature: new Uint8Array(63) }).ok).toBe(false)
    expect(checkSigned({ record: JOB, signature: new Uint8Array(64), more: 1 }).ok).toBe(false)
    expect(checkSigned(JOB).ok).toBe(false)
  })

  it('never makes the check throw, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withTypedArray: true, withNullPrototype: true, withSparseArray: true }),
        (value) => !checkRecord(value).ok && !checkSigned(value).ok,
      ),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(JOB)),
        fc.anything(),
        (field, value) => typeof checkRecord({ ...JOB, [field]: value }).ok === 'boolean',
      ),
    )
  })

  it('is signed behind a prefix of its own, over bytes that do not depend on the order of its fields', () => {
    const turned = Object.fromEntries(Object.entries(JOB).reverse()) as unknown as JobRecord
    expect(recordBytes(turned)).toEqual(recordBytes(JOB))
    expect(new TextDecoder().decode(recordBytes(JOB).subarray(0, 17))).toBe('roomful/record/1\n')
  })
})

describe('of two records with one key', () => {
  it('keys never meet for two owners', () => {
    expect(keyOf({ ...JOB, requester: OTHER })).not.toBe(keyOf(JOB))
    expect(keyOf({ ...CLAIM, peer: OTHER })).not.toBe(keyOf(CLAIM))
    expect(keyOf({ kind: 'tombstone', job: JOB.job, requester: PEER, createdAt: 1 })).not.toBe(keyOf(JOB))
  })

  it('the earliest job stays and the latest claim counts', () => {
    expect(supersedes({ ...JOB, title: 'edited', createdAt: 1_001 }, JOB)).toBe(false)
    expect(supersedes({ ...CLAIM, createdAt: 1_001 }, CLAIM)).toBe(true)
    expect(supersedes({ ...CLAIM, createdAt: 999, lapsesAt: 3_000 }, CLAIM)).toBe(false)
  })

  it('exactly one counts, whichever comes first', () => {
    const claims = fc.record({ term: fc.nat(2), createdAt: fc.integer({ min: 1, max: 3 }), lapsesAt: fc.integer({ min: 4, max: 6 }) })
    fc.assert(
      fc.property(claims, claims, (a, b) => {
        const [one, two] = [
          { ...CLAIM, ...a },
          { ...CLAIM, ...b },
        ]
        const same = a.term === b.term && a.createdAt === b.createdAt && a.lapsesAt === b.lapsesAt
        return supersedes(one, two) !== supersedes(two, one) || (same && !supersedes(one, two))
      }),
    )
  })
})
