import type { Conviction } from './certificate.ts'
import { answerable, replyBytes, statementHash } from './certificate.ts'
import { certificateBytes, checkDraw, checkSignatures, holds, isSpelledWell } from './certificate-check.ts'
import type { VerifySignature } from './certificate-check.ts'
import { disputes, provenWrong, rightAnswer } from './dispute.ts'
import { beacon, drawCheck } from './draw.ts'
import { hashOfCid } from './ids.ts'
import type { PeerId } from './ids.ts'
import { roomTopic } from './job.ts'
import type { ConvictionRecord, ResultRecord } from './record.ts'

/**
 * Whom a conviction proves wrong: those who signed an answer that the checkers and arbiters of its draw refute, each by a
 * signature of its own. Nobody when anything in it does not hold. Never throws.
 */
export async function convictedBy(conviction: Conviction, verify: VerifySignature): Promise<PeerId[]> {
  try {
    const { body, replies } = conviction
    if ((await checkSignatures(conviction, verify)).some((finding) => !finding.holds)) return []
    const statement = statementHash(body)
    for (const { peer, chunk, output, signature } of replies) {
      if (!(await verify(peer, certificateBytes(replyBytes(statement, chunk, hashOfCid(output))), signature))) return []
    }
    return refutedIn(conviction)
  } catch {
    return []
  }
}

/** {@link convictedBy} of a conviction whose signatures have been checked. Throws on values that do not even fit together. */
export function refutedIn({ body, replies }: Conviction): PeerId[] {
  if (checkDraw(body).some((finding) => !finding.holds)) return []
  // A checker says what it found, of a chunk that is listed, and agrees exactly when both are the same.
  const isSound = body.checked.every(({ chunk, peer, expected, agrees }) => {
    const listed = body.chunks.find((entry) => entry.chunk === chunk)
    return listed !== undefined && listed.peer === peer && isSpelledWell(expected) && (listed.output === expected) === agrees
  })
  if (!isSound || !replies.every(({ output }) => isSpelledWell(output)) || body.verdict !== 'refused') return []
  const drawn = body.chunks.map(({ chunk, peer, output }) => ({ chunk, peer, hash: hashOfCid(output) }))
  const secrets = body.entropy.map(({ secret }) => secret)
  const members = body.entropy.map(({ peer }) => peer)
  const { order } = drawCheck(beacon(`${roomTopic(body)}/${body.epoch}`, body.resultRoot, body.attempt, secrets), members, drawn, {
    ...body,
    answerable: answerable(body.entropy),
  })
  const wrong = new Set<PeerId>()
  for (const dispute of disputes({ ...body, order, replies })) {
    const right = rightAnswer(dispute)
    if (right !== null) for (const peer of provenWrong(dispute, right)) wrong.add(peer)
  }
  return [...wrong]
}

/** Whether what a record claims follows from what it carries. Never throws. */
export async function isProven(record: ResultRecord | ConvictionRecord, verify: VerifySignature): Promise<boolean> {
  if (record.kind === 'result') return holds(record.certificate, verify)
  return (await convictedBy(record.proof, verify)).includes(record.culprit)
}
