import type { ScenarioOptions } from './scenario.ts'

/** One deliberate fault in the protocol machine: a piece of a file of `src/room` and what stands there instead. */
export interface Mutant {
  name: string
  file: string
  from: string
  to: string
  /** Histories in which it can come to light soonest; otherwise small ones of every level. */
  shape?: ScenarioOptions
}

const HOSTILE: ScenarioOptions = { nodes: 5, rooms: 1, level: 4 }
const WET: ScenarioOptions = { nodes: 4, rooms: 1, level: 1 }
const COMING_AND_GOING: ScenarioOptions = { nodes: 5, rooms: 1, level: 2 }
const PARTITIONED: ScenarioOptions = { nodes: 6, rooms: 1, level: 3 }
const PAIR: ScenarioOptions = { nodes: 2, rooms: 1, level: 3 }

/** Faults that some history must bring to light. */
export const MUTANTS: readonly Mutant[] = [
  { name: 'messages of an old term count', file: 'receive.ts', from: 'if (message.term < room.term) {', to: 'if (message.term < 0) {' },
  {
    name: 'messages of a later term count',
    file: 'receive.ts',
    from: 'if (message.term > room.term) {',
    to: 'if (message.term > room.term + 1e9) {',
  },
  {
    name: 'the limit is off by one',
    file: 'host.ts',
    from: 'processors(room).length >= room.capacity) {',
    to: 'processors(room).length > room.capacity) {',
  },
  {
    name: 'chunks of a departed member are not granted again',
    file: 'crew.ts',
    from: 'slot.grants = slot.grants.filter((grant) => grant.peer !== peer)',
    to: 'slot.grants = slot.grants.filter(() => true)',
    shape: COMING_AND_GOING,
  },
  {
    name: 'deadlines are never looked at',
    file: 'host.ts',
    from: 'for (let late = overdue(ctx, room); late !== null;',
    to: 'for (let late = overdue(ctx, room); late !== null && s.now < 0;',
    shape: HOSTILE,
  },
  {
    name: 'silent members stay',
    file: 'host.ts',
    from: "removeMember(ctx, room, peer, 'silent')",
    to: 'updateTopics(ctx)',
    shape: COMING_AND_GOING,
  },
  {
    name: 'lost results are never sent again',
    file: 'heartbeat.ts',
    from: 'sendMissing(ctx, room, round, from, entry.bitmap, left)',
    to: 'void sendMissing',
    shape: WET,
  },
  {
    name: 'lost reveals are never said again',
    file: 'draw-again.ts',
    from: 'if (known.reveals < draw.entropy.length) reveal(ctx, room, round, to)',
    to: '',
    shape: WET,
  },
  {
    name: 'a lost root is never said again',
    file: 'draw-again.ts',
    from: 'if (isHost(ctx, room) && known.attempt < draw.attempt) send(ctx, to, rootMessage(room, round, draw))',
    to: '',
    shape: WET,
  },
  {
    name: 'a lost report is never said again',
    file: 'draw-again.ts',
    from: 'if (report !== null && says(verifier) && (known.reports & HAS_REPORT) === 0)',
    to: 'if (report !== null && says(verifier) && known.reports < 0)',
    shape: WET,
  },
  {
    name: 'what a member said is not passed on to those it has no wire to',
    file: 'draw-again.ts',
    from: 'peer === self || (passesOn && peer !== to)',
    to: 'peer === self',
    shape: { nodes: 5, rooms: 1, level: 1 },
  },
  {
    name: 'what was voided is not taken up again',
    file: 'seek.ts',
    from: 'if (item.certificates > 0) takeUpAgain(s, item)',
    to: 'if (item.certificates < 0) takeUpAgain(s, item)',
    shape: HOSTILE,
  },
  {
    name: 'nobody takes over',
    file: 'takeover.ts',
    from: 'if (candidate.peer === s.self) return takeOver(ctx, room, reason)',
    to: 'if (candidate.peer === s.self) return',
    shape: COMING_AND_GOING,
  },
  {
    name: 'a takeover keeps the term',
    file: 'takeover.ts',
    from: 'becomeHostOf(ctx, room, room.term + 1, s.self)',
    to: 'becomeHostOf(ctx, room, room.term, s.self)',
    shape: COMING_AND_GOING,
  },
  {
    name: 'a rival host is ignored',
    file: 'merge.ts',
    from: 'if (contested) onRival(',
    to: 'if (contested && s.now < 0) onRival(',
    shape: PARTITIONED,
  },
  {
    name: 'lone hosts stay alone',
    file: 'merge.ts',
    from: 'else if (!body.settling) considerMerging(',
    to: 'else if (s.now < 0) considerMerging(',
    shape: PAIR,
  },
  {
    name: 'a disagreement is overlooked',
    file: 'check.ts',
    from: "if (verdictOf(checked) === 'verified') return",
    to: 'if (checked.length > 0) return',
    shape: HOSTILE,
  },
  {
    // With "at least one" alone nothing changes: an answer that nobody else gives leads none that nobody else gives either.
    name: 'one opinion against one convicts',
    file: '../domain/dispute.ts',
    from: 'best.count >= 2 && best.count - (other?.count ?? 0) >= margin',
    to: 'best.count >= 1',
    shape: HOSTILE,
  },
  {
    name: "a liar's other chunks are kept",
    file: 'check.ts',
    from: 'newEpoch(ctx, room, round, culprit, chunks)',
    to: 'newEpoch(ctx, room, round, culprit, [])',
  },
  {
    // In `conclude` the same fault changes nothing, because this line stands behind it.
    name: 'the certificate is signed although the second has not spoken',
    file: 'check.ts',
    from: '  if (draw.second !== null && draw.secondReport === null) return\n',
    to: '',
  },
  {
    name: 'the draw waits for ghosts',
    file: 'draw.ts',
    from: 'if (isStuck(room, round, round.draw)) newEpoch',
    to: 'if (ctx.s.now < 0) newEpoch',
    shape: COMING_AND_GOING,
  },
  {
    name: 'withheld reveals are waited for',
    file: 'check.ts',
    from: 'if (draw === null || now < draw.deadline) continue',
    to: 'if (draw === null || now < draw.deadline + 1e12) continue',
    shape: HOSTILE,
  },
  {
    name: 'a new epoch is not committed to',
    file: 'draw.ts',
    from: "  if (chunks.length > 0) note(ctx, { kind: 'voided', peer: culprit, chunks })\n  commitTo(ctx, room, round)",
    to: "  if (chunks.length > 0) note(ctx, { kind: 'voided', peer: culprit, chunks })",
  },
  {
    name: 'a host does not listen to what the database says',
    file: 'lead.ts',
    from: 'else if (s.now - round.unlistedSince >= UNLISTED_MS) dropRound',
    to: 'else if (s.now < 0) dropRound',
  },
  {
    name: 'a chunk keeps its grants when its result is in',
    file: 'round.ts',
    from: '.filter((peer) => peer !== result.peer)\n  slot.grants = []',
    to: '.filter((peer) => peer !== result.peer)',
  },
  {
    name: 'a finished room is never left',
    file: 'lead.ts',
    from: 'if (room.rounds.length > 0 || ctx.s.now < room.syncUntil) return false',
    to: 'if (room.rounds.length >= 0) return false',
  },
  {
    name: 'results that nobody asked for count',
    file: 'result.ts',
    from: 'if (isHost(ctx, room) && !asked && !forwarded) return',
    to: 'if (isHost(ctx, room) && !asked && s.now < 0) return',
    shape: HOSTILE,
  },
  {
    name: "results in another member's name count",
    file: 'result.ts',
    from: 'if (forwarded && isMember && !same) return',
    to: 'if (forwarded && s.now < 0) return',
    shape: HOSTILE,
  },
  {
    name: 'computed chunks are granted',
    file: 'round.ts',
    from: 'return slot.result === null && slot.grants.length === 0',
    to: 'return slot.grants.length === 0',
  },
  {
    name: 'a new host counts what a proven liar computed',
    file: 'takeover.ts',
    from: 'for (const peer of room.expelled) voidWork(ctx, room, peer)',
    to: 'void voidWork',
    shape: HOSTILE,
  },
  {
    name: 'an epoch that others are ahead in is never caught up with',
    file: 'heartbeat.ts',
    from: 'catchUp(ctx, room, from, aheadOf(room, body))',
    to: 'void [catchUp, aheadOf]',
    shape: PAIR,
  },
]
