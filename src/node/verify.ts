import { checkProof, parseProof } from '../domain/proof.ts'
import type { ProofFinding } from '../domain/proof.ts'
import { verifySignature } from '../net/keys.ts'

/** What a check of a certificates file found. */
export interface Verification {
  holds: boolean
  /** What does not hold, then what does. */
  findings: ProofFinding[]
  /** Certificates in the file. */
  certificates: number
  /** Whether the data was looked at as well. */
  withData: boolean
}

/**
 * Checks a certificates file and, where it is at hand, the raw output, offline.
 * @param text of the file, as a job's results page downloads it
 * @param data the raw output stream, or null
 * @throws ProofFormatError when the file is no certificates file at all
 */
export async function verifyFiles(text: string, data: Uint8Array | null): Promise<Verification> {
  const proof = parseProof(text)
  const findings = await checkProof(proof, verifySignature, data)
  const failed = findings.filter(({ holds }) => !holds)
  return {
    holds: failed.length === 0,
    findings: [...failed, ...findings.filter(({ holds }) => holds)],
    certificates: proof.certificates.length,
    withData: data !== null,
  }
}
