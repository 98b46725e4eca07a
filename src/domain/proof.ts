import { concat, hex } from './bytes.ts'
import { checkCertificate } from './certificate-check.ts'
import type { CertificateFinding, VerifySignature } from './certificate-check.ts'
import type { Certificate } from './certificate.ts'
import { checkingFor } from './assurance.ts'
import { spans } from './chunk.ts'
import { foundIn } from './find.ts'
import { jobCid } from './job.ts'
import type { Job } from './job.ts'
import { kernelCid } from './kernel.ts'
import type { Kernel } from './kernel.ts'
import { chunkAt, chunkCount, outputLength } from './plan.ts'

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

const BYTES = new Set(['resultRoot', 'commitment', 'secret', 'hostSignature', 'verifierSignature', 'secondSignature'])

/** A proof as JSON: hashes, secrets and signatures as hexadecimal digits, everything else as it is. */
export function proofJson(proof: Proof): string {
  const { job, kernel, certificates } = proof
  return JSON.stringify({ job, kernel, certificates }, (_, value: unknown) => (value instanceof Uint8Array ? hex(value) : value), 2)
}

/** Inverse of {@link proofJson}. Throws {@link ProofFormatError}. */
export function parseProof(text: string): Proof {
  let value: unknown
  try {
    value = JSON.parse(text, (key, field: unknown) => (BYTES.has(key) && typeof field === 'string' ? fromHex(key, field) : field))
  } catch (cause) {
    if (cause instanceof ProofFormatError) throw cause
    throw new ProofFormatError('the file is not JSON: give the certificates file of a job, as its results page downloads it', { cause })
  }
  const { job, kernel, certificates } = (value ?? {}) as Partial<Proof>
  if (job === undefined || kernel === undefined || !Array.isArray(certificates)) {
    throw new ProofFormatError(
      'the file has no job, kernel and certificates: give the certificates file of a job, as its results page downloads it',
    )
  }
  return { job, kernel, certificates }
}

function fromHex(key: string, text: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new ProofFormatError(`${key} is ${text.slice(0, 20)}…: expected hexadecimal digits`)
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/**
 * Checks a whole proof: that it is of this job and kernel, that every chunk is certified once, that each certificate
 * holds, and, with `data` (the raw output stream), that the data is what was certified.
 */
export async function checkProof(proof: Proof, verify: VerifySignature, data: Uint8Array | null): Promise<CertificateFinding[]> {
  const { job, kernel, certificates } = proof
  const findings: CertificateFinding[] = []
  const claim = (text: string, check: () => string): void => {
    let detail: string
    try {
      detail = check()
    } catch (error) {
      detail = error instanceof Error ? error.message : String(error)
    }
    findings.push({ claim: text, holds: detail === '', detail })
  }
  claim('the kernel is the one the job names', () => (kernelCid(kernel) === job.kernel ? '' : `the job names ${job.kernel}`))
  claim('every certificate is of this job and kernel', () => {
    const id = jobCid(job)
    const other = certificates.find(({ body }) => body.job !== id || body.kernel !== job.kernel)
    return other === undefined ? '' : `microjob ${other.body.microjob} is of job ${other.body.job}`
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
      : `microjob ${lax.body.microjob}: one chunk in ${lax.body.chunksPerCheck} after ${lax.body.credibleAfter} checks, not one in ${chunksPerCheck} after ${credibleAfter}`
  })
  if (data !== null) {
    claim('the data has the length of the output', () => {
      const expected = outputLength(job, kernel.manifest)
      return data.length === expected ? '' : `it has ${data.length} bytes, the output ${expected}`
    })
  }
  for (const certificate of certificates) {
    const outputs = data === null ? new Map<number, Uint8Array>() : chunksOf(proof, certificate, data)
    for (const finding of await checkOne(certificate, verify, outputs)) {
      findings.push({ ...finding, claim: `microjob ${certificate.body?.blockIndex}/${certificate.body?.microjob}: ${finding.claim}` })
    }
  }
  return findings
}

/** A certificate that is not even one is a finding, not a failure. */
async function checkOne(
  certificate: Certificate,
  verify: VerifySignature,
  outputs: Map<number, Uint8Array>,
): Promise<CertificateFinding[]> {
  try {
    return await checkCertificate(certificate, verify, outputs)
  } catch (error) {
    return [{ claim: 'it is a certificate', holds: false, detail: error instanceof Error ? error.message : String(error) }]
  }
}

function chunksOf({ job, kernel }: Proof, { body }: Certificate, data: Uint8Array): Map<number, Uint8Array> {
  const outputs = new Map<number, Uint8Array>()
  for (const { chunk } of body.chunks) {
    try {
      const { output } = chunkAt(job, kernel.manifest, chunk)
      outputs.set(chunk, concat(...[...spans(output)].map(({ offset, length }) => data.subarray(offset, offset + length))))
    } catch {
      // Chunks that the job does not have are found above.
    }
  }
  return outputs
}
