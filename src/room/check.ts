import { equalBytes } from '../domain/bytes.ts'
import { verdictOf } from '../domain/certificate.ts'
import type { CertificateBody, CheckedChunk } from '../domain/certificate.ts'
import { PROVEN_WRONG } from '../domain/credibility.ts'
import { cidOfHash, decodeCanonical, encodeCanonical } from '../domain/ids.ts'
import type { PeerId } from '../domain/ids.ts'
import { about, broadcast, emit, isHost, memberOf, processors, refuse } from './context.ts'
import type { Context } from './context.ts'
import { newEpoch, sendReport } from './draw.ts'
import { awaited, checkMs, disputes, moveOn, nextArbiter } from './duty.ts'
import type { Opinion } from './duty.ts'
import { exclude, expel } from './host.ts'
import type { BodyOf } from './message.ts'
import { slotOf } from './round.ts'
import { loseStanding, standingsNow } from './standing.ts'
import type { Draw, Room, Round } from './state.ts'

/** This node's reference engine has answered: as verifier or second it reports, as arbiter it replies. */
export function onVerified(ctx: Context, room: Room, round: Round, attempt: number, checked: { chunk: number; hash: Uint8Array }[]): void {
  const { draw } = round
  if (draw === null || draw.attempt !== attempt || draw.order === null) return
  if (draw.arbitrating.length > 0) {
    for (const { chunk, hash } of checked.filter((entry) => draw.arbitrating.includes(entry.chunk))) {
      addReply(ctx, room, round, draw, ctx.s.self, { chunk, hash })
      broadcast(ctx, room, about(room, round, { case: 'checkReply', value: { chunk, attempt, hash } }))
    }
    draw.arbitrating = []
    return
  }
  if (!draw.started) return
  const found: CheckedChunk[] = checked.flatMap(({ chunk, hash }) => {
    const result = slotOf(round, chunk)?.result
    return result == null ? [] : [{ chunk, peer: result.peer, expected: cidOfHash(hash), agrees: equalBytes(hash, result.hash) }]
  })
  const bytes = encodeCanonical(certificateBody(room, round, draw, found))
  emit(ctx, { type: 'sign', purpose: { kind: 'report', block: round.ref.block, microjob: round.ref.microjob, attempt }, bytes })
}

export function certificateBody(room: Room, round: Round, draw: Draw, checked: CheckedChunk[]): CertificateBody {
  const sorted = [...checked].sort((a, b) => a.chunk - b.chunk)
  return {
    version: 1,
    job: room.job,
    kernel: room.kernel,
    block: round.ref.block,
    blockIndex: round.ref.blockIndex,
    microjob: round.ref.microjob,
    term: room.term,
    host: room.host,
    epoch: round.epoch,
    attempt: draw.attempt,
    chunksPerCheck: room.chunksPerCheck,
    credibleAfter: room.credibleAfter,
    standings: draw.standings,
    disputed: draw.disputed,
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
    resultRoot: draw.root,
    entropy: draw.entropy.map(({ peer, commitment }) => ({
      peer,
      commitment,
      secret: round.reveals.find((entry) => entry.peer === peer)?.secret ?? new Uint8Array(0),
    })),
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
  if (from === ctx.s.self) sendReport(ctx, room, round, draw, report)
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

export function onCheckReply(ctx: Context, room: Room, round: Round, from: PeerId, body: BodyOf<'checkReply'>): void {
  const { draw } = round
  if (draw === null || body.attempt !== draw.attempt || body.hash.length !== 32 || slotOf(round, body.chunk) === undefined) return
  if (!draw.entropy.some(({ peer }) => peer === from) || draw.replies.some((entry) => entry.peer === from && entry.chunk === body.chunk))
    return
  addReply(ctx, room, round, draw, from, body)
}

function addReply(
  ctx: Context,
  room: Room,
  round: Round,
  draw: Draw,
  peer: PeerId,
  { chunk, hash }: { chunk: number; hash: Uint8Array },
): void {
  const asked = awaited(room, round, draw) === peer
  draw.replies.push({ peer, chunk, hash })
  room.progressAt = ctx.s.now
  if (!asked) return
  moveOn(ctx, room, round, peer)
  // Whoever is asked next begins now.
  draw.progress = []
  draw.deadline = Math.max(draw.deadline, ctx.s.now + checkMs(ctx, room))
}

/** Everybody, after every step: judges what is disputed, as far as the opinions go. */
export function judge(ctx: Context, room: Room): void {
  for (const round of room.rounds) if (round.stage === 'disputed' && round.draw !== null) decide(ctx, room, round, round.draw)
}

/**
 * Processor, verifier and one arbiter after the other say what a disputed chunk is, until one answer is two ahead: so
 * two who collude convict nobody as long as others are here, and be it for another draw. When nobody is left, the answer
 * that leads is right. Whoever said otherwise is proven wrong.
 */
function decide(ctx: Context, room: Room, round: Round, draw: Draw): void {
  const undecided: { chunk: number; voters: Set<PeerId> }[] = []
  const culprits = new Set<PeerId>()
  for (const { chunk, claim, opinions } of disputes(round, draw)) {
    const voters = new Set([claim.peer, ...opinions.map(({ peer }) => peer)])
    const right = leading([claim, ...opinions], processors(room).every((member) => voters.has(member.peer)) ? 1 : 2)
    if (right === null) undecided.push({ chunk, voters })
    else for (const { peer, output } of [claim, ...opinions]) if (output !== right) culprits.add(peer)
  }
  if (culprits.size > 0) {
    for (const culprit of culprits) if (!draw.culprits.includes(culprit)) witness(ctx, round, draw, culprit)
    if (culprits.has(room.host)) room.hostDiscredited = 'wrong'
    else if (isHost(ctx, room)) for (const culprit of culprits) convict(ctx, room, round, culprit, WRONG)
    return
  }
  if (undecided.length === 0) return
  const voters = new Set(undecided.flatMap((entry) => [...entry.voters]))
  const arbiter = nextArbiter(room, draw, voters)
  if (arbiter === null) {
    // As many opinions as members and no two alike: it waits until somebody else comes.
    if (!isHost(ctx, room)) return
    newEpoch(ctx, room, round, '', [])
    round.undecidedWith = draw.entropy.map(({ peer }) => peer).join()
    round.undecidedSince = ctx.s.now
  } else if (arbiter === ctx.s.self && draw.arbitrating.length === 0) {
    draw.arbitrating = undecided.map(({ chunk }) => chunk)
    emit(ctx, { type: 'verify', ref: round.ref, attempt: draw.attempt, chunks: draw.arbitrating })
  }
}

const WRONG = `${PROVEN_WRONG} by its verifier and an arbiter`

/** Everybody who saw it says so: what a host alone reports costs nobody its standing. */
function witness(ctx: Context, round: Round, draw: Draw, culprit: PeerId): void {
  draw.culprits.push(culprit)
  loseStanding(ctx.s, culprit)
  if (culprit !== ctx.s.self) emit(ctx, { type: 'recordRefusal', ref: round.ref, culprit, reason: WRONG })
}

/** The answer that at least two give and that is ahead of every other by so many, or null. */
function leading(opinions: readonly Opinion[], margin: number): string | null {
  const votes = [...Map.groupBy(opinions, ({ output }) => output)].map(([output, { length }]) => ({ output, count: length }))
  votes.sort((a, b) => b.count - a.count)
  const [best, next] = votes
  return best !== undefined && best.count >= 2 && best.count - (next?.count ?? 0) >= margin ? best.output : null
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
