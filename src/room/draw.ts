import { equalBytes } from '../domain/bytes.ts'
import { answerable, statementBytes, statementHash } from '../domain/certificate.ts'
import { beacon, canBeDrawn, drawCheck, opensCommitment, resultRoot } from '../domain/draw.ts'
import type { PeerId } from '../domain/ids.ts'
import { answersFor, revealedEntropy, statedDraw } from './answer.ts'
import { about, broadcast, emit, isHost, memberOf, note, processors, refuse, send } from './context.ts'
import type { Context } from './context.ts'
import { revealMessage, rootMessage } from './draw-message.ts'
import { checkMs } from './duty.ts'
import { exclude } from './host.ts'
import { commitTo } from './member.ts'
import type { BodyOf } from './message.ts'
import { dropFromHand } from './result.ts'
import { acceptResult, beginEpoch, clearResult, drawName, drawnChunks, isComputed, resultFrom, setCommitment, slotOf } from './round.ts'
import { isOverstated, statedStandings } from './standing.ts'
import type { Draw } from './draw-state.ts'
import type { Room, Round } from './state.ts'

/** Members whose commitment counts, in join order: those who have been heard on a wire, because only they can reveal. */
export function committed(room: Room, round: Round): { peer: PeerId; commitment: Uint8Array }[] {
  const present = processors(room).filter(({ peer }) => peer === room.host || room.work[peer]?.connected)
  return present.flatMap(({ peer }) => round.commitments.filter((entry) => entry.peer === peer))
}

/** Host, after every step: fixes the results of what is computed, and repeats draws that cannot end. */
export function settle(ctx: Context, room: Room): void {
  if (ctx.s.now < room.syncUntil) return
  const gone = new Set(room.rounds.flatMap((round) => (round.draw?.order === null ? deserters(room, round, round.draw) : [])))
  for (const round of room.rounds) {
    if (round.draw !== null) {
      if (isStuck(room, round, round.draw)) newEpoch(ctx, room, round, '', [])
    } else if (!isComputed(round)) {
      round.stage = 'working'
    } else if (round.slots.every(({ held }) => held)) {
      fixRoot(ctx, room, round)
    }
  }
  // Once a visit, however many draws waited for it.
  for (const peer of gone) if (!mayRepeatFor(room, peer)) exclude(ctx, room, peer, 'goes again and again while draws wait for its secret')
}

/** A draw that waits for somebody who has gone, or for the secret of somebody who has come back: it may know it no more. */
function isStuck(room: Room, round: Round, draw: Draw): boolean {
  if (draw.order === null) return deserters(room, round, draw).length > 0
  if (round.stage !== 'checking') return false
  return (
    (draw.report === null && memberOf(room, draw.order[0]!) === undefined) ||
    (draw.secondReport === null && draw.second !== null && memberOf(room, draw.second) === undefined)
  )
}

/** Who owes the draw a secret and has not been here all the time. */
function deserters(room: Room, round: Round, draw: Draw): PeerId[] {
  const stayed = (peer: PeerId): boolean => (room.work[peer]?.since ?? Number.POSITIVE_INFINITY) <= draw.since
  return draw.entropy.flatMap(({ peer }) => (stayed(peer) || round.reveals.some((entry) => entry.peer === peer) ? [] : [peer]))
}

/** Times that a room repeats its draws for one member's sake: more, and it would look for a draw that suits it. */
const MAX_REPEATED = 3

/** Counts that draws are repeated for a member's sake. False when it was too often. */
export function mayRepeatFor(room: Room, peer: PeerId): boolean {
  room.repeatedFor[peer] = (room.repeatedFor[peer] ?? 0) + 1
  return room.repeatedFor[peer] <= MAX_REPEATED
}

/** Whether a draw among these members could decide something that the last one could not. */
export function isDrawable(room: Room, round: Round): boolean {
  const peers = committed(room, round).map(({ peer }) => peer)
  return round.undecidedWith !== peers.join() && canBeDrawn(peers, drawnChunks(round))
}

function fixRoot(ctx: Context, room: Room, round: Round): void {
  const { s } = ctx
  // Secrets that were shown decide nothing any more: a draw from them could be foreseen.
  if (round.reveals.length > 0) return newEpoch(ctx, room, round, '', [])
  const entropy = committed(room, round)
  if (entropy.length < processors(room).length) {
    if (round.waitUntil === 0) round.waitUntil = s.now + s.options.revealMs
    if (s.now < round.waitUntil) return
  }
  if (!isDrawable(room, round)) {
    round.stage = 'unverified'
    return
  }
  round.drawAttempts++
  const disputed = round.slots.filter((slot) => slot.disputed).map(({ chunk }) => chunk)
  beginDraw(ctx, room, round, {
    attempt: round.drawAttempts,
    root: resultRoot(drawnChunks(round)),
    entropy,
    disputed,
    standings: statedStandings(s, room, round, entropy),
  })
  broadcast(ctx, room, rootMessage(room, round, round.draw!))
  reveal(ctx, room, round)
  tryBeacon(ctx, room, round)
}

type Stated = Pick<Draw, 'attempt' | 'root' | 'entropy' | 'disputed' | 'standings'>

function beginDraw(ctx: Context, room: Room, round: Round, stated: Stated): void {
  round.drawAttempts = stated.attempt
  round.stage = 'revealing'
  round.draw = {
    ...stated,
    since: ctx.s.now,
    statement: statementHash(statedDraw(room, round, stated)),
    signing: false,
    culprits: [],
    deadline: ctx.s.now + ctx.s.options.revealMs,
    order: null,
    second: null,
    sample: [],
    secondSample: [],
    report: null,
    secondReport: null,
    replies: [],
    started: false,
    arbitrating: [],
    progress: [],
  }
}

/** Shows this node's secret, once it has signed for its results: to everybody, or to one who lacks it. */
export function reveal(ctx: Context, room: Room, round: Round, to: PeerId | null = null): void {
  const { self } = ctx.s
  const { draw, reveals } = round
  if (draw === null || !draw.entropy.some(({ peer }) => peer === self)) return
  if (!reveals.some(({ peer }) => peer === self)) {
    if (draw.signing) return
    if (answersFor(ctx.s, round)) {
      draw.signing = true
      const purpose = { kind: 'statement' as const, block: round.ref.block, microjob: round.ref.microjob, attempt: draw.attempt }
      return emit(ctx, { type: 'sign', purpose, bytes: statementBytes(draw.statement) })
    }
    reveals.push({ peer: self, secret: round.secret, statement: NOTHING, signature: NOTHING })
  }
  const message = revealMessage(
    room,
    round,
    reveals.find(({ peer }) => peer === self)!,
  )
  if (to === null) broadcast(ctx, room, message)
  else send(ctx, to, message)
}

const NOTHING = new Uint8Array(0)

/** This node has signed for its results. */
export function onStated(ctx: Context, room: Room, round: Round, draw: Draw, bytes: Uint8Array, signature: Uint8Array): void {
  if (!equalBytes(bytes, statementBytes(draw.statement)) || round.reveals.some(({ peer }) => peer === ctx.s.self)) return
  round.reveals.push({ peer: ctx.s.self, secret: round.secret, statement: draw.statement, signature })
  reveal(ctx, room, round)
  tryBeacon(ctx, room, round)
}

/** Member: the host has fixed the results. From here on nothing can change. */
export function onRootFixed(ctx: Context, room: Room, round: Round, from: PeerId, body: BodyOf<'rootFixed'>): void {
  if (from !== room.host || from === ctx.s.self || body.epoch !== round.epoch) return refuse(ctx, 'root of no host')
  // One draw an epoch: a second one could be foreseen from the secrets of the first.
  if (round.draw !== null) return
  const own = round.commitments.find(({ peer }) => peer === ctx.s.self)
  const named = body.commitments.find(({ peer }) => peer === ctx.s.self)
  if (named !== undefined && (own === undefined || !equalBytes(own.commitment, named.commitment))) {
    // It is from before this node came back, perhaps: the host must not wait for what cannot be revealed.
    commitTo(ctx, room, round)
    return refuse(ctx, 'root with a wrong commitment')
  }
  if (new Set(body.commitments.map(({ peer }) => peer)).size !== body.commitments.length)
    return refuse(ctx, 'root that counts a member twice')
  if (
    body.disputed.some((chunk) => slotOf(round, chunk) === undefined) ||
    body.results.some((info) => slotOf(round, info.chunk) === undefined || info.hash.length !== 32)
  )
    return refuse(ctx, 'root with foreign chunks')
  for (const info of body.results) {
    const known = slotOf(round, info.chunk)!.result
    // The host may choose whose result counts, never what a member said.
    if (known?.peer === info.peer && !equalBytes(known.hash, info.hash)) return refuse(ctx, "root that changes a member's result")
  }
  const drawn = body.results.map(({ chunk, peer, hash }) => ({ chunk, peer, hash }))
  if (new Set(drawn.map(({ chunk }) => chunk)).size !== round.slots.length || !equalBytes(resultRoot(drawn), body.root)) {
    return refuse(ctx, 'root that does not match the results')
  }
  // Who takes part in the draw was asked what it knows of the processors, and answers for it with its reveal.
  if (named !== undefined && isOverstated(ctx.s, room, round, body)) {
    if (room.doubtedSince === 0) room.doubtedSince = ctx.s.now
    return refuse(ctx, 'root with standings that nobody earned')
  }
  room.doubtedSince = 0
  for (const info of body.results) {
    const slot = slotOf(round, info.chunk)!
    const held = slot.held && slot.result !== null && equalBytes(slot.result.hash, info.hash)
    acceptResult(slot, resultFrom(info), held, slot.result === null ? ctx.s.now : slot.resultAt)
    dropFromHand(ctx, round, info.chunk)
  }
  room.progressAt = ctx.s.now
  beginDraw(ctx, room, round, {
    attempt: body.attempt,
    root: body.root,
    entropy: body.commitments,
    disputed: [...new Set(body.disputed)].sort((a, b) => a - b),
    // They are signed: a decoded message has more fields than these.
    standings: body.standings.map(({ peer, passed }) => ({ peer, passed })),
  })
  for (const entry of body.commitments) {
    round.commitments = [...round.commitments.filter(({ peer }) => peer !== entry.peer), entry]
    round.reveals = round.reveals.filter(
      ({ peer, secret, statement }) =>
        peer !== entry.peer || (opensCommitment(secret, entry.commitment, peer, drawName(round)) && isOfDraw(round, statement)),
    )
  }
  reveal(ctx, room, round)
  tryBeacon(ctx, room, round)
}

/** A member commits. Host: of one who takes back what a draw already counts, the draw is repeated, a few times. */
export function onCommit(ctx: Context, room: Room, round: Round, from: PeerId, body: BodyOf<'commit'>): void {
  const work = room.work[from]
  if (memberOf(room, from)?.observer !== false || work === undefined) return refuse(ctx, 'commitment of an observer')
  if (body.epoch !== round.epoch || body.commitment.length !== 32) return refuse(ctx, 'commitment of another epoch')
  const counted = round.draw?.entropy.find(({ peer }) => peer === from)
  if (counted === undefined || equalBytes(counted.commitment, body.commitment)) return setCommitment(round, from, body.commitment)
  if (!isHost(ctx, room) || from === ctx.s.self || round.reveals.some(({ peer }) => peer === from))
    return refuse(ctx, 'commitment that comes too late')
  if (++work.recommits > MAX_RECOMMITS) return exclude(ctx, room, from, 'keeps changing what it committed to')
  newEpoch(ctx, room, round, '', [])
}

const MAX_RECOMMITS = 3
/** Epochs that a node may have missed; a leap beyond this is a lie. */
const MAX_EPOCH_LEAP = 64

/** Whoever signs for its results signs for those of this draw, as far as it is known. */
function isOfDraw({ draw }: Round, statement: Uint8Array): boolean {
  return draw === null || statement.length === 0 || equalBytes(statement, draw.statement)
}

/**
 * @param isPassedOn by the host, for its owner `from`
 * @returns true when the secret does not open what its owner committed to: the host then knows a cheat
 */
export function onReveal(ctx: Context, room: Room, round: Round, from: PeerId, body: BodyOf<'reveal'>, isPassedOn: boolean): boolean {
  if (body.epoch !== round.epoch || round.reveals.some(({ peer }) => peer === from)) return false
  const known = round.commitments.find(({ peer }) => peer === from)
  if (known === undefined || !opensCommitment(body.secret, known.commitment, from, drawName(round))) {
    refuse(ctx, 'reveal that does not open its commitment')
    return known !== undefined
  }
  const { secret, statement, signature } = body
  if (statement.length !== (signature.length === 0 ? 0 : 32) || !isOfDraw(round, statement)) {
    refuse(ctx, 'reveal that answers for other results')
    return false
  }
  // That somebody does not answer for its results, it says itself.
  if (isPassedOn && signature.length === 0 && (round.draw === null || drawnChunks(round).some(({ peer }) => peer === from))) {
    refuse(ctx, 'reveal whose signature may have been taken away')
    return false
  }
  round.reveals.push({ peer: from, secret, statement, signature })
  room.progressAt = ctx.s.now
  tryBeacon(ctx, room, round)
  return false
}

/** With every secret on the table, everybody draws the same verifier and sample. */
function tryBeacon(ctx: Context, room: Room, round: Round): void {
  const { draw } = round
  if (draw === null || draw.order !== null || draw.entropy.length === 0) return
  const secrets = draw.entropy.flatMap(({ peer }) => round.reveals.filter((entry) => entry.peer === peer).map(({ secret }) => secret))
  if (secrets.length < draw.entropy.length) return
  const chunks = drawnChunks(round)
  const peers = draw.entropy.map(({ peer }) => peer)
  if (!canBeDrawn(peers, chunks)) return refuse(ctx, 'draw among members who cannot check each other')
  const drawn = drawCheck(beacon(drawName(round), draw.root, draw.attempt, secrets), peers, chunks, {
    ...draw,
    chunksPerCheck: room.chunksPerCheck,
    credibleAfter: room.credibleAfter,
    answerable: answerable(revealedEntropy(round, draw)),
  })
  draw.order = drawn.order
  draw.second = drawn.second
  draw.sample = drawn.sample
  draw.secondSample = drawn.secondSample
  draw.deadline = ctx.s.now + checkMs(ctx, room) * (1 + draw.sample.length / 8)
  round.stage = 'checking'
  note(ctx, { kind: 'drawn', microjob: round.ref.microjob, verifier: drawn.verifier, sample: [...draw.sample, ...draw.secondSample] })
  const own = drawn.verifier === ctx.s.self ? draw.sample : drawn.second === ctx.s.self ? draw.secondSample : []
  if (own.length > 0) {
    draw.started = true
    emit(ctx, { type: 'verify', ref: round.ref, attempt: draw.attempt, chunks: own })
  }
}

/** Host: shown secrets are spent, and a culprit's results with them; everybody commits anew. */
export function newEpoch(ctx: Context, room: Room, round: Round, culprit: PeerId, chunks: number[], epoch = round.epoch + 1): void {
  voidResults(ctx, room, round, culprit, chunks, epoch)
  broadcast(ctx, room, about(room, round, { case: 'resultsVoided', value: { peer: culprit, chunks, epoch: round.epoch } }))
}

function voidResults(ctx: Context, room: Room, round: Round, culprit: PeerId, chunks: number[], epoch: number): void {
  for (const chunk of chunks) {
    const slot = slotOf(round, chunk)
    if (slot !== undefined) clearResult(slot)
  }
  beginEpoch(ctx.s, round, epoch)
  room.progressAt = ctx.s.now
  if (chunks.length > 0) note(ctx, { kind: 'voided', peer: culprit, chunks })
  commitTo(ctx, room, round)
}

export function onResultsVoided(ctx: Context, room: Room, round: Round, from: PeerId, body: BodyOf<'resultsVoided'>): void {
  if (from !== room.host || from === ctx.s.self || body.epoch <= round.epoch) return refuse(ctx, 'voided results of no host')
  if (body.epoch > round.epoch + MAX_EPOCH_LEAP) return refuse(ctx, 'epoch that nobody can have reached')
  voidResults(ctx, room, round, body.peer, body.chunks, body.epoch)
}

/** Host: a member has lived through epochs that this node never heard of, under a former host. Everybody goes beyond them. */
export function catchUp(ctx: Context, room: Room, from: PeerId, ahead: { round: Round; epoch: number }[]): void {
  const work = room.work[from]
  if (ahead.length === 0 || work === undefined) return
  if (++work.recommits > MAX_RECOMMITS || ahead.some(({ round, epoch }) => epoch > round.epoch + MAX_EPOCH_LEAP))
    return exclude(ctx, room, from, 'tells of epochs that never were')
  for (const { round, epoch } of ahead) newEpoch(ctx, room, round, '', [], epoch + 1)
}
