import { equalBytes } from '../domain/bytes.ts'
import type { Certificate, CertificateBody } from '../domain/certificate.ts'
import { chunksOfLiars } from '../domain/voided.ts'
import { cidOfHash, decodeCanonical, encodeCanonical } from '../domain/ids.ts'
import type { PeerId } from '../domain/ids.ts'
import { roomTopic } from '../domain/job.ts'
import { about, broadcast, emit, isHost, memberOf, note, refuse } from './context.ts'
import type { Context } from './context.ts'
import { onOwnReply, onReport, signCertificate } from './check.ts'
import { onStated } from './draw.ts'
import type { SignPurpose } from './event.ts'
import { dropRound } from './lead.ts'
import type { BodyOf } from './message.ts'
import { clearResult, slotOf } from './round.ts'
import { earnStandings } from './standing.ts'
import type { Room, Round } from './state.ts'

const MAX_RECENT = 64
/** A certificate that the database does not show this long afterwards is put there again. */
const RECORD_AGAIN_MS = 12_000

/** A certificate's body out of its signed bytes, or null when they are none. */
function bodyFrom(bytes: Uint8Array): CertificateBody | null {
  try {
    return decodeCanonical(bytes) as CertificateBody
  } catch {
    return null
  }
}

/** A signature that this node asked for. */
export function onSigned(ctx: Context, room: Room, round: Round, purpose: SignPurpose, bytes: Uint8Array, signature: Uint8Array): void {
  const { draw } = round
  const { kind, attempt } = purpose
  if (draw === null || draw.attempt !== attempt) return
  if (kind === 'report') return onReport(ctx, room, round, ctx.s.self, { body: bytes, signature, attempt, peer: '' })
  if (kind === 'statement') return onStated(ctx, room, round, draw, bytes, signature)
  if (kind === 'reply') return onOwnReply(ctx, room, round, draw, { ...purpose, signature })
  if (!isHost(ctx, room) || draw.report === null) return
  const body = bodyFrom(bytes)
  if (body === null) return refuse(ctx, 'signature over something else')
  // The epoch or the host may have changed while the signature was made.
  if (body.epoch !== round.epoch || body.host !== ctx.s.self || body.term !== room.term || !equalBytes(body.resultRoot, draw.root)) return
  const certificate: Certificate = {
    body,
    hostSignature: signature,
    verifierSignature: draw.report.signature,
    secondSignature: draw.secondReport?.signature ?? null,
  }
  const encoded = encodeCanonical(certificate)
  broadcast(ctx, room, about(room, round, { case: 'completed', value: { certificate: encoded } }))
  complete(ctx, room, round, certificate, encoded, true)
}

/** A certificate from the host, or from a member that has it; the runner has checked everything in it. */
export function onCompleted(ctx: Context, room: Room, round: Round, from: PeerId, body: BodyOf<'completed'>): void {
  const certificate = certificateOf(body.certificate)
  if (certificate === null || !fits(ctx, room, round, from, certificate.body)) return refuse(ctx, 'certificate that does not fit the round')
  complete(ctx, room, round, certificate, body.certificate, false)
}

function certificateOf(bytes: Uint8Array): Certificate | null {
  try {
    const value = decodeCanonical(bytes) as Certificate | null
    return Array.isArray(value?.body?.chunks) ? value : null
  } catch {
    return null
  }
}

/** It is about this round, by a host this room had, and says nothing else than what this node knows. */
function fits(ctx: Context, room: Room, round: Round, from: PeerId, body: CertificateBody): boolean {
  const { ref, slots } = round
  if (body.job !== room.job || body.kernel !== room.kernel || body.block !== ref.block || body.microjob !== ref.microjob) return false
  const knownHost =
    from === room.host ||
    body.host === room.host ||
    memberOf(room, body.host) !== undefined ||
    room.departures.some(({ peer }) => peer === body.host)
  if (!knownHost || body.verdict !== 'verified' || body.chunks.length !== slots.length) return false
  // One from before a liar was found out, perhaps.
  if (chunksOfLiars(body, (peer) => ctx.s.convicted.includes(peer)).length > 0) return false
  return slots.every(({ chunk, result }, i) => {
    const certified = body.chunks[i]
    return certified?.chunk === chunk && (result === null || cidOfHash(result.hash) === certified.output)
  })
}

function complete(ctx: Context, room: Room, round: Round, certificate: Certificate, encoded: Uint8Array, record: boolean): void {
  const { s } = ctx
  const { ref } = round
  const { verifier, verdict } = certificate.body
  round.stage = 'complete'
  s.certificates++
  earnStandings(s, room, certificate.body)
  room.progressAt = s.now
  room.lastVerdict = { microjob: ref.microjob, verifier, verdict }
  s.recent.push({ ref, certificate: encoded, at: s.now })
  if (s.recent.length > MAX_RECENT) s.recent.shift()
  note(ctx, { kind: 'verdict', microjob: ref.microjob, verdict })
  emit(ctx, { type: 'completed', ref, certificate, record })
  dropRound(ctx, room, round, true)
  // Others may have counted on what was checked here.
  if (isHost(ctx, room)) for (const waiting of room.rounds) signCertificate(ctx, room, waiting)
}

/** Everybody, on every tick: the host that should have recorded a certificate may be gone. */
export function recordAgain(ctx: Context): void {
  const { s } = ctx
  if (s.recent.length === 0 || s.work.length === 0 || s.now < s.recordAgainAt) return
  s.recordAgainAt = s.now + RECORD_AGAIN_MS / 2
  const open = new Set(s.work.map(({ ref }) => roomTopic(ref)))
  for (const entry of s.recent) {
    if (s.now - entry.at < RECORD_AGAIN_MS || !open.has(roomTopic(entry.ref))) continue
    entry.at = s.now
    emit(ctx, { type: 'completed', ref: entry.ref, certificate: decodeCanonical(entry.certificate) as Certificate, record: true })
  }
}

/** Host, on every tick: fetches outputs that it lacks. One that nobody hands over is lost, and computed again. */
export function seekOutputs(ctx: Context, room: Room): void {
  for (const round of room.rounds) {
    if (round.draw !== null) continue
    for (const slot of round.slots) {
      if (slot.result === null || slot.held) continue
      if (ctx.s.now - slot.resultAt > ctx.s.options.deadlineFloorMs) {
        clearResult(slot)
      } else if (!slot.sought) {
        slot.sought = true
        emit(ctx, { type: 'fetch', ref: round.ref, chunk: slot.chunk, hash: slot.result.hash })
      }
    }
  }
}

export function onFetched(round: Round, chunk: number, hash: Uint8Array): void {
  const slot = slotOf(round, chunk)
  if (slot === undefined || slot.result === null || slot.held || !equalBytes(slot.result.hash, hash)) return
  slot.held = true
}
