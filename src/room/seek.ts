import { encodeCanonical, hashBytes } from '../domain/ids.ts'
import type { PeerId } from '../domain/ids.ts'
import { lobbyTopic, roomTopic } from '../domain/job.ts'
import { emit, note, setMembers, updateTopics } from './context.ts'
import type { Context } from './context.ts'
import { becomeHost } from './host.ts'
import type { BodyOf, Message } from './message.ts'
import { makeRound, ownCommitment } from './round.ts'
import type { RoomState, WorkItem } from './state.ts'

/** Announcements kept at most; the oldest goes first. */
const MAX_ANNOUNCEMENTS = 256
const MAX_COOLDOWNS = 256
const MAX_UNLISTED = 1_024

/** Begins to look for work, or goes on looking after a room. */
export function seek(ctx: Context): void {
  const { s } = ctx
  s.activity = { kind: 'seeking', since: s.now }
  setMembers(ctx, [])
  updateTopics(ctx)
}

/** Rooms in list order, one at a time; nobody accepts: open one. */
export function seekStep(ctx: Context): void {
  const { s } = ctx
  const { activity } = s
  if (activity.kind === 'seeking') {
    if (s.paused || s.finishing) return
    const next = nextToJoin(ctx)
    if (next !== null) return join(ctx, next.item, next.host)
    if (s.observer || s.now - activity.since < s.options.listenMs) return
    // A room that is about to open will take this node in: two rooms of one are of no use.
    if (s.now - activity.since < s.options.listenMs + SETTLES_AWAITED * s.options.settleMs && somebodySettles(ctx)) return
    const item = nextToOpen(ctx)
    if (item !== null) open(ctx, item)
  } else if (activity.kind === 'joining') {
    if (s.now - activity.since >= (activity.admitted ? s.options.connectMs : s.options.joinTimeoutMs)) {
      // Whatever else it claims or announces would be met with the same silence.
      turnedAway(s, activity.host, 1)
      cool(s, activity.host, SILENT_HOST_MS)
      moveOn(ctx, activity.item, s.options.cooldownMs)
    } else if (s.now - activity.asked >= s.options.joinTimeoutMs / 4) {
      activity.asked = s.now
      publishJoin(ctx, activity.item)
    }
  } else if (activity.kind === 'opening') {
    if (s.now - activity.since >= s.options.settleMs) becomeHost(ctx, activity.item, activity.term)
    else announceOpening(ctx, activity.item, activity.term)
  }
}

function fresh(ctx: Context, topic: string): { host: PeerId; settling: boolean; full: boolean } | null {
  const { s } = ctx
  const heard = s.announcements.filter(
    (entry) =>
      entry.topic === topic &&
      entry.host !== s.self &&
      !isDistrusted(s, entry.host) &&
      !isCooling(s, entry.host) &&
      s.now - entry.at < 4 * s.options.announceMs,
  )
  if (heard.length === 0) return null
  const best = heard.reduce((a, b) => (betterHost(b, a) ? b : a))
  return { host: best.host, settling: best.settling, full: !s.observer && best.members >= best.capacity }
}

/** Of two hosts of one room: a higher term wins, in one term the lower peer id. */
export function betterHost(a: { term: number; host: PeerId }, b: { term: number; host: PeerId }): boolean {
  return a.term !== b.term ? a.term > b.term : a.host < b.host
}

const SETTLES_AWAITED = 4

function somebodySettles(ctx: Context): boolean {
  const { s } = ctx
  return s.announcements.some(({ settling, at, host }) => settling && s.now - at < 2 * s.options.settleMs && !isDistrusted(s, host))
}

/**
 * A host refused this node, put it out or did not answer. One that has nobody else and does so again keeps a microjob that
 * only both could finish: its claim binds nobody then, and its room is not waited for.
 * @param company members that the host may have and still be without others
 * @returns true when it happened again
 */
export function turnedAway(s: RoomState, host: PeerId, company: number): boolean {
  const isAlone = s.announcements.every((entry) => entry.host !== host || entry.members <= company)
  const mark = `turned away by ${host}`
  const again = isAlone && isCooling(s, mark)
  if (again) distrust(s, host, RIVAL_MS)
  cool(s, mark, TURNED_AWAY_MS)
  return again
}

const TURNED_AWAY_MS = 120_000
/** Time to open a room beside the other one. It may be this node that cannot be reached: two hosts must not last. */
const RIVAL_MS = 15_000
const SILENT_HOST_MS = 30_000
const DISTRUSTED_MS = 120_000
const MAX_DISTRUSTED = 64

/** A host that did not do what hosts do: neither asked nor believed for a while. */
export function distrust(s: RoomState, peer: PeerId, ms = DISTRUSTED_MS): void {
  const until = Math.max(s.now + ms, ...s.distrusted.filter((entry) => entry.peer === peer).map((entry) => entry.until))
  s.distrusted = s.distrusted.filter((entry) => entry.peer !== peer).slice(1 - MAX_DISTRUSTED)
  s.distrusted.push({ peer, until })
}

export function isDistrusted(s: RoomState, peer: PeerId): boolean {
  return s.convicted.includes(peer) || s.distrusted.some((entry) => entry.peer === peer && entry.until > s.now)
}

/**
 * A microjob that this node, or its room, could not bring to a decision is opened by others for a while. Whoever hosts it
 * is joined all the same: together they may decide.
 */
export function leaveToOthers(s: RoomState, topic: string, ms: number): void {
  cool(s, `opening ${topic}`, ms)
}

/** Neither opened nor led here for now. */
export function isLeftToOthers(s: RoomState, topic: string): boolean {
  return isCooling(s, topic) || isCooling(s, `opening ${topic}`)
}

/** A topic, or the rooms of a host, not tried again for a while. */
export function cool(s: RoomState, topic: string, ms: number): void {
  s.cooldowns = s.cooldowns.filter((entry) => entry.until > s.now && entry.topic !== topic).slice(1 - MAX_COOLDOWNS)
  s.cooldowns.push({ topic, until: s.now + ms })
}

export function isCooling(s: RoomState, topic: string): boolean {
  return s.cooldowns.some((entry) => entry.topic === topic && entry.until > s.now)
}

function nextToJoin(ctx: Context): { item: WorkItem; host: PeerId } | null {
  const { s } = ctx
  // Whoever was cut off from a room goes back to it: it has results that the others lack.
  const kept = new Set(s.keepsake.map(({ ref }) => roomTopic(ref)))
  const inOrder =
    kept.size === 0 ? s.work : [...s.work].sort((a, b) => Number(kept.has(roomTopic(b.ref))) - Number(kept.has(roomTopic(a.ref))))
  for (const item of inOrder) {
    const topic = roomTopic(item.ref)
    if (s.finished.includes(topic) || isCooling(s, topic)) continue
    const room = fresh(ctx, topic)
    if (room !== null && !room.settling && !room.full) return { item, host: room.host }
  }
  // Claims that nobody announces come last, and only after those who are there could be heard: their host may be gone.
  if (s.activity.kind !== 'seeking' || s.now - s.activity.since < s.options.listenMs) return null
  for (const item of s.work) {
    const topic = roomTopic(item.ref)
    if (s.finished.includes(topic) || isCooling(s, topic) || item.claim === null || item.claim.peer === s.self) continue
    if (isDistrusted(s, item.claim.peer) || isCooling(s, item.claim.peer)) continue
    if (item.claim.lapsesAt > s.now && fresh(ctx, topic) === null) return { item, host: item.claim.peer }
  }
  return null
}

/** The first microjob that nobody works on and that this node can advance alone. */
export function isUnclaimed(ctx: Context, item: WorkItem): boolean {
  const { s } = ctx
  const { claim } = item
  if (claim !== null && claim.peer !== s.self && claim.lapsesAt > s.now && !isDistrusted(s, claim.peer)) return false
  const topic = roomTopic(item.ref)
  return !s.finished.includes(topic) && fresh(ctx, topic) === null
}

/** All its chunks are computed, and all by these peers: only somebody else can check it. */
export function onlyLacksCheck(item: WorkItem, peers: readonly PeerId[]): boolean {
  return item.results.length === item.ref.chunkCount && item.results.every(({ result }) => peers.includes(result.peer))
}

function nextToOpen(ctx: Context): WorkItem | null {
  return (
    ctx.s.work.find(
      (item) => isUnclaimed(ctx, item) && !isLeftToOthers(ctx.s, roomTopic(item.ref)) && !onlyLacksCheck(item, [ctx.s.self]),
    ) ?? null
  )
}

export function join(ctx: Context, item: WorkItem, host: PeerId): void {
  const { s } = ctx
  s.secrets++
  s.activity = { kind: 'joining', item, host, since: s.now, asked: s.now, session: sessionOf(s), admitted: false }
  if (!s.keepsake.some(({ ref }) => roomTopic(ref) === roomTopic(item.ref))) s.keepsake = [makeRound(s, item.ref, item.results)]
  setMembers(ctx, [host])
  updateTopics(ctx)
  publishJoin(ctx, item)
}

/** A number that another life, or another visit, of this peer would not choose again. */
function sessionOf(s: RoomState): number {
  const [a, b, c] = hashBytes(encodeCanonical(['roomful/session/1', s.seed, s.secrets]))
  return (a! << 16) + (b! << 8) + c! + 1
}

function publishJoin(ctx: Context, item: WorkItem): void {
  const { s } = ctx
  const round = s.keepsake.find(({ ref }) => roomTopic(ref) === roomTopic(item.ref))
  if (round === undefined || s.activity.kind !== 'joining') return
  publish(ctx, roomTopic(item.ref), item, 0, {
    case: 'joinRequest',
    value: {
      peer: s.self,
      capabilities: { ...s.capabilities, kernels: [] },
      load: 0,
      commitment: s.observer ? new Uint8Array(0) : ownCommitment(s, round),
      observer: s.observer,
      session: s.activity.session,
    },
  })
}

function publish(ctx: Context, topic: string, item: WorkItem, term: number, body: Message['body']): void {
  emit(ctx, { type: 'publish', topic, message: { block: item.ref.block, microjob: item.ref.microjob, term, body } })
}

function moveOn(ctx: Context, item: WorkItem, cooldownMs: number): void {
  const { s } = ctx
  cool(s, roomTopic(item.ref), cooldownMs)
  s.keepsake = []
  seek(ctx)
  seekStep(ctx)
}

function open(ctx: Context, item: WorkItem): void {
  const { s } = ctx
  const term = (item.claim?.term ?? 0) + 1
  s.activity = { kind: 'opening', item, since: s.now, term }
  emit(ctx, { type: 'claim', ref: item.ref, term, lapsesAt: s.now + s.options.claimMs })
  updateTopics(ctx)
  announceOpening(ctx, item, term)
}

function announceOpening(ctx: Context, item: WorkItem, term: number): void {
  publish(ctx, lobbyTopic(item.ref.block), item, term, {
    case: 'roomAnnounce',
    value: { host: ctx.s.self, members: 1, capacity: item.capacity, settling: true, version: 0, peers: [], microjobs: [] },
  })
}

/** Somebody says in a lobby that it hosts, or is about to host, a room. */
export function onAnnounce(ctx: Context, from: PeerId, message: Message, body: BodyOf<'roomAnnounce'>): void {
  const { s } = ctx
  const topic = roomTopic(message)
  s.announcements = s.announcements.filter(
    (entry) => !(entry.topic === topic && entry.host === from) && s.now - entry.at < 8 * s.options.announceMs,
  )
  s.announcements.push({
    topic,
    term: message.term,
    at: s.now,
    host: from,
    members: body.members,
    capacity: body.capacity,
    settling: body.settling,
  })
  if (s.announcements.length > MAX_ANNOUNCEMENTS) s.announcements.shift()
  const { activity } = s
  if (activity.kind === 'joining' && roomTopic(activity.item.ref) === topic && from !== activity.host && !body.settling) {
    // The claim named somebody who is gone, or who has been replaced.
    const known = s.announcements.find((entry) => entry.topic === topic && entry.host === activity.host)
    if (known === undefined || betterHost({ host: from, term: message.term }, known)) askAnother(ctx, from)
  }
  // One connection may take longer than all the talk about it.
  if (activity.kind === 'joining' && from === activity.host && body.peers.includes(s.self)) activity.admitted = true
  if (activity.kind === 'joining' && from === activity.host && !body.settling) followHost(ctx, topic)
  if (activity.kind === 'opening' && roomTopic(activity.item.ref) === topic && !isDistrusted(s, from)) {
    const other = { host: from, term: message.term }
    if (!body.settling) join(ctx, activity.item, from)
    else if (from < s.self || other.term > activity.term) seek(ctx)
    else announceOpening(ctx, activity.item, activity.term)
  }
}

/** The host that was asked has other rooms, and this one no longer: the database is behind. */
function followHost(ctx: Context, topic: string): void {
  const { s } = ctx
  const { activity } = s
  if (activity.kind !== 'joining' || roomTopic(activity.item.ref) === topic) return
  const asked = s.announcements.some((entry) => entry.topic === roomTopic(activity.item.ref) && entry.host === activity.host)
  const item = s.work.find(({ ref }) => roomTopic(ref) === topic)
  if (asked || item === undefined || s.finished.includes(topic) || isCooling(s, topic)) return
  const room = fresh(ctx, topic)
  if (room !== null && room.host === activity.host && !room.full) join(ctx, item, room.host)
}

/** The database's list changed. */
export function onWork(ctx: Context, items: WorkItem[]): void {
  const { s } = ctx
  const listed = new Set(items.map(({ ref }) => roomTopic(ref)))
  const gone = s.work.map(({ ref }) => roomTopic(ref)).filter((topic) => !listed.has(topic))
  s.work = items
  for (const item of items) if (item.certificates > 0) takeUpAgain(s, item)
  s.unlisted = [...s.unlisted.filter((topic) => !listed.has(topic)), ...gone].slice(-MAX_UNLISTED)
  if (s.activity.kind === 'joining' && gone.includes(roomTopic(s.activity.item.ref))) return seek(ctx)
  if (s.activity.kind === 'opening') {
    const topic = roomTopic(s.activity.item.ref)
    const now = items.find(({ ref }) => roomTopic(ref) === topic)
    if (now === undefined) seek(ctx)
    else if (isOutclaimed(s, now.claim, s.activity.term)) seek(ctx)
  }
  if (s.activity.kind !== 'off') updateTopics(ctx)
}

/** What a liar computed counts no longer: a microjob that was complete is open again, once for each certificate. */
function takeUpAgain(s: RoomState, { ref, certificates }: WorkItem): void {
  const topic = roomTopic(ref)
  if ((s.reopened.get(topic) ?? 0) >= certificates) return
  s.reopened.set(topic, certificates)
  if (s.reopened.size > MAX_UNLISTED) s.reopened.delete(s.reopened.keys().next().value!)
  s.finished = s.finished.filter((entry) => entry !== topic)
  s.recent = s.recent.filter((entry) => roomTopic(entry.ref) !== topic)
}

/** Of simultaneous claims the lowest peer id's counts, unless it is one that is not believed. */
function isOutclaimed(s: RoomState, claim: WorkItem['claim'], term: number): boolean {
  return claim !== null && claim.lapsesAt > s.now && claim.peer < s.self && claim.term >= term && !isDistrusted(s, claim.peer)
}

export function onRefused(ctx: Context, from: PeerId, message: Message, body: BodyOf<'joinRefused'>): void {
  const { activity } = ctx.s
  if (activity.kind !== 'joining' || body.peer !== ctx.s.self || roomTopic(message) !== roomTopic(activity.item.ref)) return
  // Only the host that was asked may refuse; anybody else could keep us out of every room.
  if (from !== activity.host) return
  note(ctx, { kind: 'refusedBy', host: from, reason: body.reason })
  const again = turnedAway(ctx.s, from, 1)
  moveOn(ctx, activity.item, again ? 0 : Math.max(ctx.s.options.cooldownMs, body.retryAfterMs))
}

/** The room being joined has another host now. */
export function onHostChangedWhileJoining(ctx: Context, from: PeerId, message: Message): void {
  const { activity } = ctx.s
  if (activity.kind !== 'joining' || roomTopic(message) !== roomTopic(activity.item.ref) || from === activity.host) return
  askAnother(ctx, from)
}

function askAnother(ctx: Context, host: PeerId): void {
  const { activity } = ctx.s
  if (activity.kind !== 'joining' || isDistrusted(ctx.s, host)) return
  activity.host = host
  activity.asked = ctx.s.now
  activity.admitted = false
  setMembers(ctx, [host])
  publishJoin(ctx, activity.item)
}
