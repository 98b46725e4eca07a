import { equalBytes } from '../domain/bytes.ts'
import { replyBytes, verdictOf } from '../domain/certificate.ts'
import type { CertificateBody, CheckedChunk, Conviction } from '../domain/certificate.ts'
import { provenWrong, rightAnswer } from '../domain/dispute.ts'
import type { Dispute } from '../domain/dispute.ts'
import { cidOfHash, decodeCanonical, encodeCanonical } from '../domain/ids.ts'
import type { PeerId } from '../domain/ids.ts'
import { revealedEntropy, statedDraw } from './answer.ts'
import { broadcast, emit, isHost, memberOf, refuse } from './context.ts'
import type { Context } from './context.ts'
import { newEpoch } from './draw.ts'
import { replyMessage, reportMessage } from './draw-message.ts'
import { awaited, checkMs, disputesOf, moveOn } from './duty.ts'
import { exclude, expel } from './host.ts'
import type { BodyOf } from './message.ts'
import { slotOf } from './round.ts'
import { loseStanding, standingsNow } from './standing.ts'
import type { Draw } from './draw-state.ts'
import type { Room, Round } from './state.ts'

/** This node's reference engine has answered: as verifier or second it reports, as arbiter it replies. */
export function onVerified(ctx: Context, room: Room, round: Round, attempt: number, checked: { chunk: number; hash: Uint8Array }[]): void {
  const { draw } = round
  if (draw === null || draw.attempt !== attempt || draw.order === null) return
  if (draw.arbitrating.length > 0) {
    const { block, microjob } = round.ref
    draw.arbitrating = draw.arbitrating.filter((chunk) => checked.some((entry) => entry.chunk === chunk))
    for (const { chunk, hash } of checked.filter((entry) => draw.arbitrating.includes(entry.chunk)))
      emit(ctx, {
        type: 'sign',
        purpose: { kind: 'reply', block, microjob, attempt, chunk, hash },
        bytes: replyBytes(draw.statement, chunk, hash),
      })
    return
  }
  if (!draw.started) return
  // Another draw of this round may have had the same number, under another host: what it asked for is not enough here.
  const part = draw.order[0] === ctx.s.self ? draw.sample : draw.secondSample
  if (!part.every((chunk) => checked.some((entry) => entry.chunk === chunk))) return
  const found: CheckedChunk[] = checked.flatMap(({ chunk, hash }) => {
    const result = slotOf(round, chunk)?.result
    return result == null ? [] : [{ chunk, peer: result.peer, expected: cidOfHash(hash), agrees: equalBytes(hash, result.hash) }]
  })
  const bytes = encodeCanonical(certificateBody(room, round, draw, found))
  emit(ctx, { type: 'sign', purpose: { kind: 'report', block: round.ref.block, microjob: round.ref.microjob, attempt }, bytes })
}

const NOTHING = new Uint8Array(0)

export function certificateBody(room: Room, round: Round, draw: Draw, checked: CheckedChunk[]): CertificateBody {
  const sorted = [...checked].sort((a, b) => a.chunk - b.chunk)
  return {
    ...statedDraw(room, round, draw),
    version: 1,
    chunks: round.slots.flatMap(({ chunk, result }) =>
      result === null
        ? []
        : [
            {
              chunk,
              peer: result.peer,
              output: cidOfHash(result.hash),
              fuel: result.fuel,
              engine: result.engine === 'webgpu' ? 'webgpu' : 'cpu',
            },
          ],
    ),
    entropy: revealedEntropy(round, draw),
    verifier: draw.order?.[0] ?? '',
    second: draw.second,
    checked: sorted,
    verdict: verdictOf(sorted),
  }
}

/** A report of the verifier or the second: this node's own, or a member's whose signature has been checked. */
export function onReport(ctx: Context, room: Room, round: Round, from: PeerId, body: BodyOf<'verifierReport'>): void {
  const { draw } = round
  if (draw === null || draw.order === null || body.attempt !== draw.attempt) return
  const [verifier] = draw.order
  const isVerifier = from === verifier
  if (!isVerifier && from !== draw.second) return refuse(ctx, 'report of somebody who was not drawn')
  if ((isVerifier ? draw.report : draw.secondReport) !== null) return
  const checked = checkedOf(body.body)
  if (checked === null || !equalBytes(encodeCanonical(certificateBody(room, round, draw, checked)), body.body)) {
    return refuse(ctx, 'report that does not fit the round')
  }
  const fits = checked.every(({ chunk, peer, expected, agrees }) => {
    const result = slotOf(round, chunk)?.result
    return result != null && result.peer === peer && (peer === verifier) !== isVerifier && (expected === cidOfHash(result.hash)) === agrees
  })
  const sample = isVerifier ? draw.sample : draw.secondSample
  if (!fits || !sample.every((chunk) => checked.some((entry) => entry.chunk === chunk)))
    return refuse(ctx, 'report that does not fit the draw')
  const report = { body: body.body, signature: body.signature, checked }
  if (isVerifier) draw.report = report
  else draw.secondReport = report
  moveOn(ctx, room, round, from)
  if (from === ctx.s.self) broadcast(ctx, room, reportMessage(room, round, draw, report))
  conclude(ctx, room, round, draw)
}

/** With all reports in: the certificate, or a dispute. */
function conclude(ctx: Context, room: Room, round: Round, draw: Draw): void {
  if (round.stage !== 'checking' || draw.report === null || (draw.second !== null && draw.secondReport === null)) return
  const checked = [...draw.report.checked, ...(draw.secondReport?.checked ?? [])]
  if (verdictOf(checked) === 'verified') return signCertificate(ctx, room, round)
  round.stage = 'disputed'
  draw.deadline = ctx.s.now + checkMs(ctx, room)
  draw.progress = []
}

/** Host: asks for its signature under what both checkers found. */
export function signCertificate(ctx: Context, room: Room, round: Round): void {
  const { draw } = round
  if (!isHost(ctx, room) || draw === null || draw.report === null || round.stage !== 'checking') return
  if (draw.second !== null && draw.secondReport === null) return
  const standing = standingsNow(ctx.s, room, round, draw)
  if (standing === 'void') return newEpoch(ctx, room, round, '', [])
  // It would certify chunks unchecked that another round is about to prove wrong.
  if (standing === 'pending') return
  const bytes = encodeCanonical(certificateBody(room, round, draw, [...draw.report.checked, ...(draw.secondReport?.checked ?? [])]))
  emit(ctx, {
    type: 'sign',
    purpose: { kind: 'certificate', block: round.ref.block, microjob: round.ref.microjob, attempt: draw.attempt },
    bytes,
  })
}

/** The `checked` list of a certificate body, or null when the bytes are something else. */
function checkedOf(bytes: Uint8Array): CheckedChunk[] | null {
  try {
    const value = decodeCanonical(bytes) as { checked?: unknown } | null
    if (value === null || !Array.isArray(value.checked)) return null
    const fits = value.checked.every(
      (entry: Partial<CheckedChunk> | null) =>
        entry !== null &&
        Number.isInteger(entry.chunk) &&
        typeof entry.peer === 'string' &&
        typeof entry.expected === 'string' &&
        typeof entry.agrees === 'boolean',
    )
    return fits ? (value.checked as CheckedChunk[]) : null
  } catch {
    return null
  }
}

/** This node's own answer as arbiter, signed. */
export function onOwnReply(
  ctx: Context,
  room: Room,
  round: Round,
  draw: Draw,
  { chunk, hash, signature }: { chunk: number; hash: Uint8Array; signature: Uint8Array },
): void {
  if (!draw.arbitrating.includes(chunk)) return
  draw.arbitrating = draw.arbitrating.filter((other) => other !== chunk)
  const reply = { peer: ctx.s.self, chunk, hash, signature }
  addReply(ctx, room, round, draw, reply)
  broadcast(ctx, room, replyMessage(room, round, draw, reply))
}

/** An arbiter's answer, whose signature has been checked. */
export function onCheckReply(ctx: Context, room: Room, round: Round, from: PeerId, body: BodyOf<'checkReply'>): void {
  const { draw } = round
  const { chunk, attempt, hash, statement, signature } = body
  if (draw === null || attempt !== draw.attempt || hash.length !== 32 || slotOf(round, chunk) === undefined) return
  if (!equalBytes(statement, draw.statement)) return refuse(ctx, 'answer about another draw')
  if (!draw.entropy.some(({ peer }) => peer === from) || draw.replies.some((entry) => entry.peer === from && entry.chunk === chunk)) return
  addReply(ctx, room, round, draw, { peer: from, chunk, hash, signature })
}

function addReply(ctx: Context, room: Room, round: Round, draw: Draw, reply: Draw['replies'][number]): void {
  const asked = awaited(room, round, draw) === reply.peer
  draw.replies.push(reply)
  room.progressAt = ctx.s.now
  if (!asked) return
  moveOn(ctx, room, round, reply.peer)
  // Whoever is asked next begins now.
  draw.progress = []
  draw.deadline = Math.max(draw.deadline, ctx.s.now + checkMs(ctx, room))
}

/** Everybody, after every step: judges what is disputed, as far as the opinions go. */
export function judge(ctx: Context, room: Room): void {
  for (const round of room.rounds) if (round.stage === 'disputed' && round.draw !== null) decide(ctx, room, round, round.draw)
}

/** What both checkers found, and each answer of an arbiter: with the signatures it proves who is wrong. */
function proofOf(room: Room, round: Round, draw: Draw): Conviction {
  return {
    body: certificateBody(room, round, draw, [...(draw.report?.checked ?? []), ...(draw.secondReport?.checked ?? [])]),
    verifierSignature: draw.report?.signature ?? NOTHING,
    secondSignature: draw.secondReport?.signature ?? null,
    replies: draw.replies.map(({ peer, chunk, hash, signature }) => ({ peer, chunk, output: cidOfHash(hash), signature })),
  }
}

/** Whoever said otherwise than most is proven wrong, if it signed what it said. */
function decide(ctx: Context, room: Room, round: Round, draw: Draw): void {
  const undecided: Dispute[] = []
  /** With whether this node's own word is part of the proof. */
  const culprits = new Map<PeerId, boolean>()
  const unsigned = new Set<PeerId>()
  for (const dispute of disputesOf(room, round, draw)) {
    const right = rightAnswer(dispute)
    if (right === null) undecided.push(dispute)
    else {
      const { claim, answered, opinions } = dispute
      const said = answered ? [claim, ...opinions] : opinions
      const isWitness = said.some(({ peer, output }) => peer === ctx.s.self && output === right)
      for (const peer of provenWrong(dispute, right)) culprits.set(peer, isWitness || culprits.get(peer) === true)
      if (!answered && claim.output !== right) unsigned.add(claim.peer)
    }
  }
  for (const [culprit, isWitness] of culprits) {
    if (draw.culprits.includes(culprit)) continue
    draw.culprits.push(culprit)
    loseStanding(ctx.s, culprit)
    if (isWitness) emit(ctx, { type: 'recordConviction', ref: round.ref, culprit, proof: proofOf(room, round, draw) })
  }
  if (culprits.has(room.host) || unsigned.has(room.host)) room.hostDiscredited = 'wrong'
  else if (isHost(ctx, room)) {
    for (const culprit of culprits.keys()) convict(ctx, room, round, culprit, WRONG)
    for (const peer of unsigned) {
      voidWork(ctx, room, peer)
      exclude(ctx, room, peer, UNSIGNED, round.ref)
    }
  }
  if (culprits.size === 0 && unsigned.size === 0 && undecided.length > 0) arbitrate(ctx, room, round, draw, undecided)
}

const WRONG = 'proven wrong by its verifier and an arbiter'
const UNSIGNED = 'does not answer for a result that was wrong'

/** Whose turn it is answers; where that one is gone, or nobody is left, the draw is repeated once others can decide. */
function arbitrate(ctx: Context, room: Room, round: Round, draw: Draw, undecided: Dispute[]): void {
  const takesPart = ({ next }: Dispute): boolean =>
    draw.entropy.some(({ peer }) => peer === next) && memberOf(room, next ?? '')?.observer === false
  const stuck = undecided.filter((dispute) => !takesPart(dispute))
  if (stuck.length > 0) {
    if (!isHost(ctx, room)) return
    for (const { chunk } of stuck) slotOf(round, chunk)!.disputed = true
    newEpoch(ctx, room, round, '', [])
    round.undecidedWith = draw.entropy.map(({ peer }) => peer).join()
    round.undecidedSince = ctx.s.now
  } else if (draw.arbitrating.length === 0) {
    draw.arbitrating = undecided.filter(({ next }) => next === ctx.s.self).map(({ chunk }) => chunk)
    if (draw.arbitrating.length > 0) emit(ctx, { type: 'verify', ref: round.ref, attempt: draw.attempt, chunks: [...draw.arbitrating] })
  }
}

/** Host: the peer is out for good, and everything of its that is not verified is computed again. */
export function convict(ctx: Context, room: Room, round: Round, culprit: PeerId, reason: string): void {
  voidWork(ctx, room, culprit)
  expel(ctx, room, round.ref, culprit, reason)
}

/** Host: nothing of the peer's that is not verified counts any longer. */
export function voidWork(ctx: Context, room: Room, culprit: PeerId): void {
  for (const round of room.rounds) {
    const chunks = round.slots.filter(({ result }) => result?.peer === culprit).map(({ chunk }) => chunk)
    if (chunks.length > 0 || round.draw?.entropy.some(({ peer }) => peer === culprit)) newEpoch(ctx, room, round, culprit, chunks)
  }
}

/** The ledger proves peers wrong: they have no place in this room, whoever found them out. */
export function learnConvictions(ctx: Context, peers: readonly PeerId[]): void {
  const { s } = ctx
  for (const peer of peers) {
    if (!loseStanding(s, peer) || s.room === null || peer === s.self) continue
    if (peer === s.room.host) s.room.hostDiscredited = 'wrong'
    else if (isHost(ctx, s.room)) {
      voidWork(ctx, s.room, peer)
      expel(ctx, s.room, s.room.rounds.at(-1)?.ref, peer, 'proven wrong in another room')
    }
  }
}

/** Host, on every tick: who withholds its part of a draw is out. */
export function drawTick(ctx: Context, room: Room): void {
  const { now, self } = ctx.s
  for (const round of room.rounds) {
    const { draw } = round
    if (draw === null || now < draw.deadline) continue
    if (round.stage === 'revealing') {
      const withheld = draw.entropy.filter(({ peer }) => peer !== self && !round.reveals.some((entry) => entry.peer === peer))
      for (const { peer } of withheld) {
        voidWork(ctx, room, peer)
        exclude(ctx, room, peer, 'withheld its reveal')
      }
      continue
    }
    const late = awaited(room, round, draw)
    if (round.stage === 'disputed') draw.deadline = now + checkMs(ctx, room)
    if (late === null || late === self || memberOf(room, late) === undefined) continue
    const duty = round.stage === 'disputed' ? 'asked to arbitrate and did not answer in time' : 'drawn to verify and did not report in time'
    exclude(ctx, room, late, duty)
  }
}
