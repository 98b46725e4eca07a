import { hex } from './bytes.ts'
import { checkCertificate } from './certificate-check.ts'
import type { CertificateFinding, VerifySignature } from './certificate-check.ts'
import type { Certificate } from './certificate.ts'
import { checkingFor } from './assurance.ts'
import { gather } from './chunk.ts'
import { foundIn } from './find.ts'
import { jobCid } from './job.ts'
import type { Job } from './job.ts'
import { kernelCid } from './kernel.ts'
import type { Kernel } from './kernel.ts'
import { chunkAt, chunkCount, checkJob, outputLength } from './plan.ts'
import { certificateFault } from './record-check.ts'

/** Everything that somebody needs to check a result again, offline. */
export interface Proof {
  job: Job
  kernel: Kernel
  /** One a microjob. */
  certificates: Certificate[]
}

/** A file that is no proof: what was expected and what was found. */
export class ProofFormatError extends Error {
  override readonly name = 'ProofFormatError'
}

const NOTHING_OUTSIDE = { left: 0, right: 0, top: 0, bottom: 0 }
const BYTES = new Set(['resultRoot', 'commitment', 'secret', 'hostSignature', 'verifierSignature', 'secondSignature', 'statement'])

/** A proof as JSON: hashes, secrets and signatures as hexadecimal digits, everything else as it is. */
export function proofJson(proof: Proof): string {
  const { job, kernel, certificates } = proof
  return JSON.stringify({ job, kernel, certificates }, (_, value: unknown) => (value instanceof Uint8Array ? hex(value) : value), 2)
}

/** Inverse of {@link proofJson}. Throws {@link ProofFormatError}. */
export function parseProof(text: string): Proof {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new ProofFormatError('the file is not JSON: give the certificates file of a job, as its results page downloads it', { cause })
  }
  const { job, kernel, certificates } = (value ?? {}) as Partial<Proof>
  if (!isObject(job) || !isObject(kernel) || !Array.isArray(certificates)) {
    throw new ProofFormatError(
      'the file has no job, kernel and certificates: give the certificates file of a job, as its results page downloads it',
    )
  }
  return { job, kernel, certificates: certificates.map((certificate) => withBytes('', certificate) as Certificate) }
}

/** A value in which the fields that are bytes are bytes again. */
function withBytes(key: string, value: unknown): unknown {
  if (typeof value === 'string') return BYTES.has(key) ? fromHex(key, value) : value
  if (Array.isArray(value)) return value.map((item) => withBytes('', item))
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withBytes(name, field)])) : value
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function fromHex(key: string, text: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new ProofFormatError(`${key} is ${text.slice(0, 20)}…: expected hexadecimal digits`)
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** One thing a proof claims, of the whole job or of one microjob, and whether it holds. */
export interface ProofFinding extends CertificateFinding {
  /** Block and microjob, `0/3`; null for what is said of the job as a whole. */
  microjob: string | null
}

/**
 * Checks a whole proof: that it is of this job and kernel, that every chunk is certified once, that each certificate
 * holds, and, with `data` (the raw output stream), that the data is what was certified. Never throws: nonsense in the
 * file is something that does not hold.
 */
export async function checkProof(proof: Proof, verify: VerifySignature, data: Uint8Array | null): Promise<ProofFinding[]> {
  const { job, kernel } = proof
  const findings: ProofFinding[] = []
  const claim = (text: string, check: () => string): void => {
    const detail = attempt(check)
    findings.push({ microjob: null, claim: text, holds: detail === '', detail })
  }
  const certificates: Certificate[] = []
  for (const [at, certificate] of proof.certificates.entries()) {
    const fault = certificateFault(certificate)
    if (fault === null) certificates.push(certificate)
    else claim(`entry ${at + 1} of the certificates is one`, () => `its ${fault.field || 'form'} ${fault.reason}`)
  }
  claim('the kernel is the one the job names', () => (kernelCid(kernel) === job.kernel ? '' : `the job names ${job.kernel}`))
  claim('the job can be cut as it says', () => {
    checkJob(job, kernel.manifest)
    return ''
  })
  claim('every certificate is of this job and kernel', () => {
    const id = jobCid(job)
    const other = certificates.find(({ body }) => body.job !== id || body.kernel !== job.kernel)
    return other === undefined ? '' : `microjob ${nameOf(other)} is of job ${other.body.job}, not of ${id}`
  })
  claim('every chunk is certified once', () => {
    const ids = certificates.flatMap(({ body }) => body.chunks.map(({ chunk }) => chunk)).sort((a, b) => a - b)
    const count = chunkCount(job)
    // A search ends with its first find: what it had not looked at by then is certified nowhere.
    if (certificates.some((certificate) => foundIn(kernel.manifest, certificate) !== null)) {
      const foreign = ids.find((id, i) => id === ids[i - 1] || id >= count)
      return foreign === undefined ? '' : `chunk ${foreign} is certified twice, or is none of the job`
    }
    const at = ids.findIndex((id, i) => id !== i)
    return ids.length === count && at === -1
      ? ''
      : `${ids.length} of ${count} chunks are certified${at === -1 ? '' : `, chunk ${at} is not, or twice`}`
  })
  claim('as much was checked as the job asks for', () => {
    const { chunksPerCheck, credibleAfter } = checkingFor(job.plan.epsilon)
    const lax = certificates.find(({ body }) => body.chunksPerCheck > chunksPerCheck || body.credibleAfter < credibleAfter)
    return lax === undefined
      ? ''
      : `microjob ${nameOf(lax)}: one chunk in ${lax.body.chunksPerCheck} after ${lax.body.credibleAfter} checks, not one in ${chunksPerCheck} after ${credibleAfter}`
  })
  if (data !== null) {
    claim('the data has the length of the output', () => {
      const expected = outputLength(job, kernel.manifest)
      return data.length === expected ? '' : `it has ${data.length} bytes, the output ${expected}`
    })
  }
  for (const certificate of certificates) {
    const outputs = data === null ? new Map<number, Uint8Array>() : chunksOf(proof, certificate, data)
    for (const finding of await checkCertificate(certificate, verify, outputs)) findings.push({ ...finding, microjob: nameOf(certificate) })
  }
  return findings
}

/** A finding as one line: what is claimed, and why it does not hold. */
export function findingText({ microjob, claim, holds, detail }: ProofFinding): string {
  const text = microjob === null ? claim : `microjob ${microjob}: ${claim}`
  return holds ? text : `${text}: ${detail}`
}

/** Why a check fails, in words; empty when it holds. A file that lacks a part fails where the part is needed. */
function attempt(check: () => string): string {
  try {
    return check()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function nameOf({ body }: Certificate): string {
  return `${body.blockIndex}/${body.microjob}`
}

function chunksOf({ job, kernel }: Proof, { body }: Certificate, data: Uint8Array): Map<number, Uint8Array> {
  const outputs = new Map<number, Uint8Array>()
  for (const { chunk } of body.chunks) {
    try {
      outputs.set(chunk, gather(data, { input: chunkAt(job, kernel.manifest, chunk).output, clamp: NOTHING_OUTSIDE }, 1))
    } catch {
      // Chunks that the job does not have, or that lie beyond the data, are found above.
    }
  }
  return outputs
}
