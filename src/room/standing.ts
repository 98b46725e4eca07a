import type { CertificateBody } from '../domain/certificate.ts'
import { passesLacking } from '../domain/draw.ts'
import type { Standing } from '../domain/draw.ts'
import type { PeerId } from '../domain/ids.ts'
import type { BodyOf } from './message.ts'
import type { Draw } from './draw-state.ts'
import type { Room, RoomState, Round } from './state.ts'

/** What the ledger says. It lags behind the certificates seen here, so that of two figures the higher counts, except after a lie. */
export function learnStandings(s: RoomState, passed: ReadonlyMap<PeerId, number>): void {
  for (const [peer, count] of passed) s.standings[peer] = count === 0 ? 0 : Math.max(of(s.standings, peer), count)
}

/** A certificate: its checks are passed, and every member is about to know it. */
export function earnStandings(s: RoomState, room: Room, { checked }: CertificateBody): void {
  for (const { peer } of checked) {
    s.standings[peer] = of(s.standings, peer) + 1
    for (const work of Object.values(room.work)) work.standings[peer] = of(work.standings, peer) + 1
  }
}

/** What this node knows of the members, for its heartbeat. */
export function declareStandings(s: RoomState, room: Room): Standing[] {
  return room.members.flatMap(({ peer }) => {
    const passed = Math.min(room.credibleAfter, of(s.standings, peer))
    room.declared[peer] = Math.max(of(room.declared, peer), passed)
    return passed > 0 ? [{ peer, passed }] : []
  })
}

export function noteStandings(room: Room, from: PeerId, body: BodyOf<'heartbeat'>): void {
  const work = room.work[from]
  if (work !== undefined) work.standings = Object.fromEntries(body.standings.map(({ peer, passed }) => [peer, passed]))
}

/**
 * Host: checks that the processors of a round have passed, no more than everybody in the draw knows of, and those that
 * other rounds are just making them pass: if they do not, nothing of theirs counts.
 */
export function statedStandings(s: RoomState, room: Room, round: Round, entropy: Draw['entropy']): Standing[] {
  const known = (peer: PeerId): number =>
    Math.min(...entropy.map((entry) => of(entry.peer === s.self ? s.standings : (room.work[entry.peer]?.standings ?? {}), peer)))
  return processorsOf(round)
    .map((peer) => ({ peer, passed: Math.min(room.credibleAfter, known(peer) + underCheck(room, round, peer, entropy)) }))
    .filter(({ passed }) => passed > 0)
    .slice(0, MAX_STATED)
}

const MAX_STATED = 64

/** Member: the host states more than this node knows, and has ever said that it knows; or something that is no standing. */
export function isOverstated(s: RoomState, room: Room, round: Round, { results, standings: stated }: BodyOf<'rootFixed'>): boolean {
  const processors = new Set(results.map(({ peer }) => peer))
  return stated.some(({ peer, passed }, i) => {
    const known = Math.max(of(s.standings, peer), of(room.declared, peer)) + underCheck(room, round, peer)
    return passed < 1 || passed > Math.min(room.credibleAfter, known) || !processors.has(peer) || (i > 0 && peer <= stated[i - 1]!.peer)
  })
}

/**
 * Host: whether the checks that a draw counts on have been passed meanwhile (`passed`), are still under way (`pending`)
 * or will never be (`void`), because the rounds that were to bring them are gone or a peer was proven wrong.
 */
export function standingsNow(s: RoomState, room: Room, round: Round, { standings, entropy }: Draw): 'passed' | 'pending' | 'void' {
  const missing = standings.filter(({ peer, passed }) => passed > of(s.standings, peer))
  if (missing.length === 0) return 'passed'
  return missing.every(({ peer, passed }) => passed <= of(s.standings, peer) + underCheck(room, round, peer, entropy)) ? 'pending' : 'void'
}

/** A name out of a message may be that of a property every object has. */
function of(standings: Record<PeerId, number>, peer: PeerId): number {
  return Object.hasOwn(standings, peer) ? standings[peer]! : 0
}

/** A proven lie costs all that was earned. True when it is news. */
export function loseStanding(s: RoomState, peer: PeerId): boolean {
  s.standings[peer] = 0
  if (s.convicted.includes(peer)) return false
  s.convicted.push(peer)
  if (s.convicted.length > MAX_CONVICTED) s.convicted.shift()
  return true
}

const MAX_CONVICTED = 1_024

function processorsOf({ slots }: Round): PeerId[] {
  return [...new Set(slots.flatMap(({ result }) => (result === null ? [] : [result.peer])))].sort()
}

/**
 * Checks that a peer must pass in the rounds of lower chunks of which the draw has begun: no two rounds wait for each
 * other, and everybody counts the same ones, in whatever order they came. Host: only in draws that all of these take
 * part in, because whoever came later does not know of them.
 */
function underCheck(room: Room, round: Round, peer: PeerId, known: Draw['entropy'] = []): number {
  let chunks = 0
  for (const { ref, draw, slots } of room.rounds) {
    if (ref.firstChunk >= round.ref.firstChunk || draw === null) continue
    if (!known.every((entry) => draw.entropy.some(({ peer: member }) => member === entry.peer))) continue
    const own = slots.filter(({ result }) => result?.peer === peer).length
    chunks += Math.min(own, passesLacking({ credibleAfter: room.credibleAfter, standings: draw.standings }, peer))
  }
  return chunks
}
