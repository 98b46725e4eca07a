import { createHash } from 'node:crypto'
import { equalBytes } from '../domain/bytes.ts'
import { certificateBytes } from '../domain/certificate-check.ts'
import { answerable, replyBytes, reportBody, statementBytes, statementHash } from '../domain/certificate.ts'
import type { Certificate, Conviction } from '../domain/certificate.ts'
import { refutedIn } from '../domain/conviction-check.ts'
import { beacon, canBeDrawn, drawCheck, opensCommitment, resultRoot } from '../domain/draw.ts'
import { decodeCanonical, encodeCanonical, hashOfCid } from '../domain/ids.ts'
import type { PeerId } from '../domain/ids.ts'
import { authorOf } from '../room/message.ts'
import type { Message } from '../room/message.ts'
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

function isSigned(peer: PeerId, bytes: Uint8Array, signature: Uint8Array | null): boolean {
  return signature !== null && equalBytes(sign(peer, certificateBytes(bytes)), signature)
}

/** What the runner checks of a member's message before the machine sees it. */
export function isBelievable(from: PeerId, message: Message): boolean {
  const { body } = message
  const author = authorOf(from, message)
  if (body.case === 'verifierReport') return isSigned(author, body.value.body, body.value.signature)
  if (body.case === 'completed') return isSoundCertificate(body.value.certificate)
  if (body.case === 'reveal') {
    const { statement, signature } = body.value
    return signature.length === 0 || isSigned(author, statementBytes(statement), signature)
  }
  if (body.case !== 'checkReply') return true
  const { statement, chunk, hash, signature } = body.value
  return isSigned(author, replyBytes(statement, chunk, hash), signature)
}

/** Whom a conviction proves wrong: the synchronous twin of `convictedBy`. */
export function auditConviction(conviction: Conviction): PeerId[] {
  const { body, replies } = conviction
  const statement = statementHash(body)
  const areSigned =
    replies.every(({ peer, chunk, output, signature }) => isSigned(peer, replyBytes(statement, chunk, hashOfCid(output)), signature)) &&
    unsignedParts(conviction).length === 0
  return areSigned ? refutedIn(conviction) : []
}

/** Which of the checkers' and processors' signatures are not theirs. */
function unsignedParts({ body, verifierSignature, secondSignature }: Omit<Conviction, 'replies'>): string[] {
  const faults: string[] = []
  const reported = (peer: PeerId, signature: Uint8Array | null): boolean =>
    isSigned(peer, encodeCanonical(reportBody(body, peer)), signature)
  if (!reported(body.verifier, verifierSignature)) faults.push('not signed by its verifier')
  if (body.second === null ? secondSignature !== null : !reported(body.second, secondSignature)) faults.push('not signed by its second')
  const stated = statementBytes(statementHash(body))
  if (body.entropy.some(({ peer, statement }) => statement !== null && !isSigned(peer, stated, statement)))
    faults.push('not signed by a processor')
  return faults
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

function audit(certificate: Certificate): string[] {
  const { body, hostSignature } = certificate
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
    { ...body, answerable: answerable(body.entropy) },
  )
  if (draw.verifier !== body.verifier || draw.second !== body.second) faults.push('others were drawn')
  if (![...draw.sample, ...draw.secondSample].every((chunk) => body.checked.some((entry) => entry.chunk === chunk)))
    faults.push('sample not covered')
  if (body.verdict !== 'verified' || !body.checked.every(({ agrees }) => agrees)) faults.push('not verified')
  if (!isSigned(body.host, encodeCanonical(body), hostSignature)) faults.push('not signed by its host')
  faults.push(...unsignedParts(certificate))
  return faults
}
