import { certificateBytes } from '../domain/certificate-check.ts'
import { reportBody } from '../domain/certificate.ts'
import type { Certificate, CertificateBody } from '../domain/certificate.ts'
import { beacon, commitment, drawCheck, resultRoot } from '../domain/draw.ts'
import { textBytes } from '../domain/bytes.ts'
import { cidOfBytes, cidOfValue, encodeCanonical, hashBytes, hashOfCid } from '../domain/ids.ts'
import type { Cid, JobId } from '../domain/ids.ts'
import { blockCid, roomTopic } from '../domain/job.ts'
import { recordBytes } from '../domain/record-check.ts'
import type {
  ClaimRecord,
  DatabaseRecord,
  JobRecord,
  LedgerRecord,
  PartialRecord,
  RefusalRecord,
  ResultRecord,
  Signed,
  TombstoneRecord,
} from '../domain/record.ts'
import type { Signer } from './ports.ts'

const POLICY = { chunksPerCheck: 10, credibleAfter: 1, standings: [], disputed: [] }

/** Records as their owners would write them, for tests and benchmarks. Times are ms since the epoch. */
export const KERNEL = cidOfValue({ kernel: 'fixture' })

export async function sign<R extends DatabaseRecord | LedgerRecord>(signer: Signer, record: R): Promise<Signed<R>> {
  return { record, signature: await signer.sign(recordBytes(record)) }
}

export function jobRecord(requester: Signer, name: string, createdAt = 1_000, microjobs = 1): JobRecord {
  const job = cidOfValue({ name, requester: requester.self })
  return { kind: 'job', job, kernel: KERNEL, requester: requester.self, title: name, chunks: microjobs * 10, microjobs, createdAt }
}

export function tombstone(requester: Signer, job: JobId, createdAt = 2_000): TombstoneRecord {
  return { kind: 'tombstone', job, requester: requester.self, createdAt }
}

export function claim(peer: Signer, job: JobId, createdAt: number, lapsesAt: number, term = 1, microjob = 0): ClaimRecord {
  return { kind: 'claim', job, block: blockCid(job, 0), microjob, peer: peer.self, term, createdAt, lapsesAt }
}

export function partial(peer: Signer, job: JobId, createdAt: number, chunks: number[]): PartialRecord {
  const results = chunks.map((chunk) => ({ chunk, peer: peer.self, output: cidOfBytes(textBytes(`${job}/${chunk}`)), fuel: 100 }))
  return { kind: 'partial', job, block: blockCid(job, 0), microjob: 0, peer: peer.self, createdAt, results }
}

export function refusal(peer: Signer, job: JobId, culprit: string, createdAt: number): RefusalRecord {
  return { kind: 'refusal', job, block: blockCid(job, 0), microjob: 0, peer: peer.self, culprit, reason: 'chunk 3 was wrong', createdAt }
}

/** What a result is of: the kernel, and the output bytes of each chunk. */
interface Made {
  kernel: Cid
  output(chunk: number): Uint8Array
}

/** A result whose certificate holds: the members computed ten chunks in turn, and were drawn to check each other. */
export async function result(
  members: readonly Signer[],
  job: JobId,
  createdAt: number,
  microjob = 0,
  made: Made = { kernel: KERNEL, output: (chunk) => textBytes(`${job}/${chunk}`) },
): Promise<ResultRecord> {
  const host = members[0]!
  const block = blockCid(job, 0)
  const room = `${roomTopic({ block, microjob })}/0`
  const chunks: CertificateBody['chunks'] = Array.from({ length: 10 }, (_, i) => ({
    chunk: microjob * 10 + i,
    peer: members[i % members.length]!.self,
    output: cidOfBytes(made.output(microjob * 10 + i)),
    fuel: 100,
    engine: 'cpu',
  }))
  const drawn = chunks.map(({ chunk, peer, output }) => ({ chunk, peer, hash: hashOfCid(output) }))
  const root = resultRoot(drawn)
  const entropy = members.map(({ self }) => {
    const secret = hashBytes(textBytes(`${job}/${self}`))
    return { peer: self, commitment: commitment(secret, self, room), secret }
  })
  const check = drawCheck(
    beacon(
      room,
      root,
      0,
      entropy.map(({ secret }) => secret),
    ),
    members.map(({ self }) => self),
    drawn,
    POLICY,
  )
  const checked = [...check.sample, ...check.secondSample]
    .sort((a, b) => a - b)
    .map((id) => chunks.find(({ chunk }) => chunk === id)!)
    .map(({ chunk, peer, output }) => ({ chunk, peer, expected: output, agrees: true }))
  const body: CertificateBody = {
    version: 1,
    job,
    kernel: made.kernel,
    block,
    blockIndex: 0,
    microjob,
    term: 1,
    host: host.self,
    epoch: 0,
    attempt: 0,
    ...POLICY,
    chunks,
    resultRoot: root,
    entropy,
    verifier: check.verifier,
    second: check.second,
    checked,
    verdict: 'verified',
  }
  const signed = async (peer: string, part: CertificateBody): Promise<Uint8Array> =>
    members.find(({ self }) => self === peer)!.sign(certificateBytes(encodeCanonical(part)))
  const certificate: Certificate = {
    body,
    hostSignature: await signed(host.self, body),
    verifierSignature: await signed(check.verifier, reportBody(body, check.verifier)),
    secondSignature: check.second === null ? null : await signed(check.second, reportBody(body, check.second)),
  }
  return { kind: 'result', job, block, microjob, peer: host.self, createdAt, certificate }
}
