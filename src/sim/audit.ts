import { createHash } from 'node:crypto'
import { equalBytes } from '../domain/bytes.ts'
import { certificateBytes } from '../domain/certificate-check.ts'
import { reportBody } from '../domain/certificate.ts'
import type { Certificate, CertificateBody } from '../domain/certificate.ts'
import { beacon, canBeDrawn, drawCheck, opensCommitment, resultRoot } from '../domain/draw.ts'
import { decodeCanonical, encodeCanonical, hashOfCid } from '../domain/ids.ts'
import type { PeerId } from '../domain/ids.ts'
import { roomTopic } from '../domain/job.ts'
import { sign } from './truth.ts'

const heard = new WeakMap<Uint8Array, boolean>()

/** Whether these bytes are a certificate that holds. Everybody who hears one hears the same bytes: they are looked at once. */
export function isSoundCertificate(bytes: Uint8Array): boolean {
  let isSound = heard.get(bytes)
  if (isSound === undefined) {
    try {
      isSound = auditCertificate(decodeCanonical(bytes) as Certificate).length === 0
    } catch {
      isSound = false
    }
    heard.set(bytes, isSound)
  }
  return isSound
}

export function reportIsSigned(from: PeerId, report: { body: Uint8Array; signature: Uint8Array }): boolean {
  return equalBytes(sign(from, certificateBytes(report.body)), report.signature)
}

const MAX_AUDITED = 4_096
const audited = new Map<string, string[]>()

/** What is wrong with a certificate, from itself alone: the synchronous twin of `checkCertificate`. Many hear of each one. */
export function auditCertificate(certificate: Certificate): string[] {
  const name = createHash('sha256').update(encodeCanonical(certificate)).digest('base64')
  let faults = audited.get(name)
  if (faults === undefined) {
    if (audited.size >= MAX_AUDITED) audited.clear()
    audited.set(name, (faults = audit(certificate)))
  }
  return faults
}

function audit({ body, hostSignature, verifierSignature, secondSignature }: Certificate): string[] {
  const faults: string[] = []
  const name = `${roomTopic(body)}/${body.epoch}`
  const drawn = body.chunks.map(({ chunk, peer, output }) => ({ chunk, peer, hash: hashOfCid(output) }))
  if (!equalBytes(resultRoot(drawn), body.resultRoot)) faults.push('root of other chunks')
  for (const { peer, commitment, secret } of body.entropy) {
    if (!opensCommitment(secret, commitment, peer, name)) faults.push(`secret of ${peer} does not open its commitment`)
  }
  const peers = body.entropy.map(({ peer }) => peer)
  if (!canBeDrawn(peers, drawn)) return [...faults, 'members who cannot check each other']
  const draw = drawCheck(
    beacon(
      name,
      body.resultRoot,
      body.attempt,
      body.entropy.map(({ secret }) => secret),
    ),
    peers,
    drawn,
    body,
  )
  if (draw.verifier !== body.verifier || draw.second !== body.second) faults.push('others were drawn')
  if (![...draw.sample, ...draw.secondSample].every((chunk) => body.checked.some((entry) => entry.chunk === chunk)))
    faults.push('sample not covered')
  if (body.verdict !== 'verified' || !body.checked.every(({ agrees }) => agrees)) faults.push('not verified')
  const isSigned = (peer: PeerId, part: CertificateBody, signature: Uint8Array): boolean =>
    equalBytes(sign(peer, certificateBytes(encodeCanonical(part))), signature)
  if (!isSigned(body.host, body, hostSignature)) faults.push('not signed by its host')
  if (!isSigned(body.verifier, reportBody(body, body.verifier), verifierSignature)) faults.push('not signed by its verifier')
  if (
    body.second === null
      ? secondSignature !== null
      : secondSignature === null || !isSigned(body.second, reportBody(body, body.second), secondSignature)
  ) {
    faults.push('not signed by its second')
  }
  return faults
}
