import { concat, equalBytes, textBytes } from './bytes.ts'
import { answerable, reportBody, statementBytes, statementHash } from './certificate.ts'
import type { Certificate, CertificateBody } from './certificate.ts'
import { beacon, drawCheck, opensCommitment, resultRoot } from './draw.ts'
import type { DrawnCheck } from './draw.ts'
import { cidOfHash, encodeCanonical, hashBytes, hashOfCid } from './ids.ts'
import type { Cid, PeerId } from './ids.ts'
import { blockCid, roomTopic } from './job.ts'

/** One thing a certificate claims, and whether it holds. */
export interface CertificateFinding {
  claim: string
  holds: boolean
  /** What does not hold, with the values; empty when it does. */
  detail: string
}

/** True when `signature` is `peer`'s over `bytes`. */
export type VerifySignature = (peer: PeerId, bytes: Uint8Array, signature: Uint8Array) => Promise<boolean>

const PREFIX = textBytes('roomful/certificate/1\n')

/** The bytes that host and verifier sign: canonical DAG-CBOR of the body behind a prefix of its own. */
export function certificateBytes(body: Uint8Array): Uint8Array {
  return concat(PREFIX, body)
}

/**
 * Checks a certificate again, offline: root, commitments, beacon, draw, sample, verdict and all signatures.
 * @param outputs chunk id to output bytes, where the data is at hand
 * @returns one finding a claim; the certificate holds when all of them do
 */
export async function checkCertificate(
  certificate: Certificate,
  verify: VerifySignature,
  outputs: ReadonlyMap<number, Uint8Array> = new Map(),
): Promise<CertificateFinding[]> {
  const { body } = certificate
  const findings = new Findings()
  findings.add(...checkDraw(body))
  findings.attempt('every check agrees with the result', () => {
    if (body.verdict !== 'verified') return `the verdict is ${body.verdict}`
    const bad = body.checked.find(({ chunk, peer, expected, agrees }) => {
      const listed = body.chunks.find((entry) => entry.chunk === chunk)
      return !agrees || listed === undefined || listed.output !== expected || listed.peer !== peer
    })
    return bad === undefined ? '' : `chunk ${bad.chunk} does not`
  })
  const wrong = [...outputs].find(([id, data]) => body.chunks.find(({ chunk }) => chunk === id)?.output !== cidOfHash(hashBytes(data)))
  if (outputs.size > 0) findings.claim('the data is what was certified', wrong === undefined, `chunk ${wrong?.[0]} has other bytes`)
  const signed = certificateBytes(encodeCanonical(body))
  const isSigned = await verify(body.host, signed, certificate.hostSignature).catch(() => false)
  findings.claim('the host signed it', isSigned, `not signed by ${body.host}`)
  findings.add(...(await checkSignatures(certificate, verify)))
  return findings.list
}

/** What is claimed, as far as it was looked at. */
class Findings {
  readonly list: CertificateFinding[] = []

  add(...findings: CertificateFinding[]): void {
    this.list.push(...findings)
  }

  claim(text: string, isTrue: boolean, detail: string): void {
    this.list.push({ claim: text, holds: isTrue, detail: isTrue ? '' : detail })
  }

  /** @param check says what does not hold, or nothing; what it throws does not hold either */
  attempt(text: string, check: () => string): void {
    try {
      const detail = check()
      this.claim(text, detail === '', detail)
    } catch (error) {
      this.claim(text, false, error instanceof Error ? error.message : String(error))
    }
  }
}

/** Checks what the results decide: root, commitments, beacon, who was drawn, and that the whole sample was looked at. */
export function checkDraw(body: CertificateBody): CertificateFinding[] {
  const findings = new Findings()
  const room = `${roomTopic(body)}/${body.epoch}`
  const ids = body.chunks.map(({ chunk }) => chunk)
  findings.attempt('every chunk is listed once, in order', () => {
    const at = ids.findIndex((id, i) => i > 0 && id <= ids[i - 1]!)
    return ids.length === 0 ? 'there are no chunks' : at === -1 ? '' : `chunk ${ids[at]} follows chunk ${ids[at - 1]}`
  })
  findings.attempt('the block belongs to the job', () => {
    return blockCid(body.job, body.blockIndex) === body.block ? '' : `${body.block} is not block ${body.blockIndex} of ${body.job}`
  })
  const drawn = body.chunks.flatMap(({ chunk, peer, output }) => {
    try {
      return isSpelledWell(output) ? [{ chunk, peer, hash: hashOfCid(output) }] : []
    } catch {
      return []
    }
  })
  findings.attempt('the result root covers these chunks', () =>
    drawn.length === ids.length && equalBytes(resultRoot(drawn), body.resultRoot) ? '' : 'the root of the listed chunks is another one',
  )
  findings.attempt('every secret opens its commitment', () => {
    const bad = body.entropy.find(({ peer, commitment, secret }) => !opensCommitment(secret, commitment, peer, room))
    return bad === undefined ? '' : `the secret of ${bad.peer} does not`
  })
  findings.attempt('every peer is listed once', () =>
    new Set(body.entropy.map(({ peer }) => peer)).size === body.entropy.length ? '' : 'a peer revealed twice',
  )
  findings.attempt('every standing is that of one processor', () => {
    const bad = body.standings.find(
      ({ peer, passed }, i) =>
        passed < 1 ||
        passed > body.credibleAfter ||
        (i > 0 && peer <= body.standings[i - 1]!.peer) ||
        !body.chunks.some((entry) => entry.peer === peer),
    )
    return bad === undefined ? '' : `${bad.passed} checks passed by ${bad.peer} is none`
  })

  const bytes = beacon(
    room,
    body.resultRoot,
    body.attempt,
    body.entropy.map(({ secret }) => secret),
  )
  const drawnCheck = (): DrawnCheck =>
    drawCheck(
      bytes,
      body.entropy.map(({ peer }) => peer),
      drawn,
      { ...body, answerable: answerable(body.entropy) },
    )
  findings.attempt('the beacon drew this verifier', () => {
    const { verifier } = drawnCheck()
    return verifier === body.verifier ? '' : `it drew ${verifier}, not ${body.verifier}`
  })
  findings.attempt("the beacon drew this second, for the verifier's own chunks", () => {
    const { second } = drawnCheck()
    return second === body.second ? '' : `it drew ${second ?? 'nobody'}, not ${body.second ?? 'nobody'}`
  })
  findings.attempt('the whole sample was checked', () => {
    const { sample, secondSample } = drawnCheck()
    const missing = [...sample, ...secondSample].filter((id) => !body.checked.some(({ chunk }) => chunk === id))
    return missing.length === 0 ? '' : `chunks ${missing.join(', ')} were drawn and not checked`
  })
  return findings.list
}

/** An output has one address: another spelling of it would pass for another output. Throws on what is no address. */
export function isSpelledWell(output: Cid): boolean {
  return cidOfHash(hashOfCid(output)) === output
}

/** Checks that each checker signed its own checks, and each processor that answers for its results these results. */
export async function checkSignatures(
  { body, verifierSignature, secondSignature }: Pick<Certificate, 'body' | 'verifierSignature' | 'secondSignature'>,
  verify: VerifySignature,
): Promise<CertificateFinding[]> {
  const findings = new Findings()
  const isSigned = async (peer: PeerId, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> =>
    verify(peer, certificateBytes(bytes), signature).catch(() => false)
  const reported = async (peer: PeerId, signature: Uint8Array): Promise<boolean> =>
    isSigned(peer, encodeCanonical(reportBody(body, peer)), signature)
  findings.claim('the verifier signed its checks', await reported(body.verifier, verifierSignature), `not signed by ${body.verifier}`)
  const { second } = body
  findings.claim(
    'the second signed its checks',
    second === null ? secondSignature === null : secondSignature !== null && (await reported(second, secondSignature)),
    second === null ? 'nobody was drawn, but somebody signed' : `not signed by ${second}`,
  )
  const stated = statementBytes(statementHash(body))
  let unsigned: PeerId | null = null
  for (const { peer, statement } of body.entropy) {
    if (statement !== null && !(await isSigned(peer, stated, statement))) unsigned = peer
  }
  findings.claim('who answers for its results signed for them', unsigned === null, `not signed by ${unsigned}`)
  return findings.list
}

/** Whether everything a certificate claims holds. */
export async function holds(certificate: Certificate, verify: VerifySignature): Promise<boolean> {
  return (await checkCertificate(certificate, verify)).every((finding) => finding.holds)
}
