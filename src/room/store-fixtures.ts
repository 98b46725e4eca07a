import { certificateBytes } from '../domain/certificate-check.ts'
import { replyBytes, reportBody, statementBytes, statementHash, verdictOf } from '../domain/certificate.ts'
import type { Certificate, CertificateBody } from '../domain/certificate.ts'
import { beacon, commitment, drawCheck, resultRoot } from '../domain/draw.ts'
import { textBytes } from '../domain/bytes.ts'
import { cidOfBytes, cidOfValue, encodeCanonical, hashBytes, hashOfCid } from '../domain/ids.ts'
import type { Cid, JobId } from '../domain/ids.ts'
import { blockCid, roomTopic } from '../domain/job.ts'
import { recordBytes } from '../domain/record-check.ts'
import type {
  ClaimRecord,
  ConvictionRecord,
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
  const { body, signed, reports } = await checkedDraw(members, { job, microjob, made, credibleAfter: 1, wrong: null })
  const certificate: Certificate = { body, hostSignature: await signed(body.host, encodeCanonical(body)), ...reports }
  return { kind: 'result', job, block: body.block, microjob, peer: body.host, createdAt, certificate }
}

/** A conviction whose proof holds: of five members or more the second gave a wrong answer, and all others say so. */
export async function conviction(members: readonly Signer[], job: JobId, createdAt: number): Promise<ConvictionRecord> {
  const made = { kernel: KERNEL, output: (chunk: number) => textBytes(`${job}/${chunk}`) }
  const culprit = members[1]!.self
  const { body, signed, reports, order } = await checkedDraw(members, { job, microjob: 0, made, credibleAfter: 10, wrong: culprit })
  const checker = body.verifier === culprit ? body.second : body.verifier
  const wrong = body.checked.filter(({ agrees }) => !agrees)
  const arbiters = order.filter((peer) => peer !== culprit && peer !== checker).slice(0, 2)
  const replies = await Promise.all(
    arbiters.flatMap((peer) =>
      wrong.map(async ({ chunk, expected }) => {
        const signature = await signed(peer, replyBytes(statementHash(body), chunk, hashOfCid(expected)))
        return { peer, chunk, output: expected, signature }
      }),
    ),
  )
  const proof = { body, ...reports, replies }
  return { kind: 'conviction', job, block: body.block, microjob: 0, peer: members[0]!.self, culprit, createdAt, proof }
}

/** A draw with what its checkers found, and its first member as host. Whoever is `wrong` gave wrong answers. */
async function checkedDraw(
  members: readonly Signer[],
  work: { job: JobId; microjob: number; made: Made; credibleAfter: number; wrong: string | null },
): Promise<{
  body: CertificateBody
  order: string[]
  signed: (peer: string, bytes: Uint8Array) => Promise<Uint8Array>
  reports: Pick<Certificate, 'verifierSignature' | 'secondSignature'>
}> {
  const { job, microjob, made, credibleAfter, wrong } = work
  const block = blockCid(job, 0)
  const room = `${roomTopic({ block, microjob })}/0`
  const right = (chunk: number): Cid => cidOfBytes(made.output(chunk))
  const chunks: CertificateBody['chunks'] = Array.from({ length: 10 }, (_, i) => {
    const { self } = members[i % members.length]!
    const chunk = microjob * 10 + i
    return { chunk, peer: self, output: self === wrong ? cidOfBytes(textBytes(`wrong ${chunk}`)) : right(chunk), fuel: 100, engine: 'cpu' }
  })
  const drawn = chunks.map(({ chunk, peer, output }) => ({ chunk, peer, hash: hashOfCid(output) }))
  const root = resultRoot(drawn)
  const policy = { chunksPerCheck: 10, credibleAfter, standings: [], disputed: [] }
  const entropy = members.map(({ self }) => {
    const secret = hashBytes(textBytes(`${job}/${self}`))
    return { peer: self, commitment: commitment(secret, self, room), secret, statement: null }
  })
  const secrets = entropy.map(({ secret }) => secret)
  const peers = members.map(({ self }) => self)
  const check = drawCheck(beacon(room, root, 0, secrets), peers, drawn, { ...policy, answerable: peers })
  const checked = [...check.sample, ...check.secondSample]
    .sort((a, b) => a - b)
    .map((id) => chunks.find(({ chunk }) => chunk === id)!)
    .map(({ chunk, peer, output }) => ({ chunk, peer, expected: right(chunk), agrees: output === right(chunk) }))
  const unsigned: CertificateBody = {
    version: 1,
    job,
    kernel: made.kernel,
    block,
    blockIndex: 0,
    microjob,
    term: 1,
    host: members[0]!.self,
    epoch: 0,
    attempt: 0,
    ...policy,
    chunks,
    resultRoot: root,
    entropy,
    verifier: check.verifier,
    second: check.second,
    checked,
    verdict: verdictOf(checked),
  }
  const signed = async (peer: string, bytes: Uint8Array): Promise<Uint8Array> =>
    members.find(({ self }) => self === peer)!.sign(certificateBytes(bytes))
  const stated = statementBytes(statementHash(unsigned))
  const statements = await Promise.all(peers.map((peer) => signed(peer, stated)))
  const body = { ...unsigned, entropy: entropy.map((entry, i) => ({ ...entry, statement: statements[i]! })) }
  const report = (peer: string): Promise<Uint8Array> => signed(peer, encodeCanonical(reportBody(body, peer)))
  return {
    body,
    order: check.order,
    signed,
    reports: {
      verifierSignature: await report(body.verifier),
      secondSignature: body.second === null ? null : await report(body.second),
    },
  }
}
