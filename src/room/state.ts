import type { BlockId, Cid, JobId, PeerId } from '../domain/ids.ts'
import type { MicrojobRef } from '../domain/job.ts'
import type { Draw, Reveal } from './draw-state.ts'
import { DEFAULT_OPTIONS } from './options.ts'
import type { RoomOptions } from './options.ts'
import type { EngineKind } from './ports.ts'

/** What this node can do. */
export interface Capabilities {
  engine: EngineKind
  slots: number
  customKernels: boolean
}

export interface Member {
  peer: PeerId
  observer: boolean
  slots: number
  engine: string
}

export interface ChunkResult {
  peer: PeerId
  /** sha2-256 of the output, 32 bytes. */
  hash: Uint8Array
  fuel: number
  engine: string
  bytes: number
}

export interface Grant {
  peer: PeerId
  attempt: number
  at: number
  /** ms since the epoch on this node's clock. */
  deadline: number
}

export interface ChunkSlot {
  chunk: number
  grants: Grant[]
  attempts: number
  result: ChunkResult | null
  /** The output itself is in this node's block store. */
  held: boolean
  /** This node asked for it, wherever it may be. */
  sought: boolean
  resultAt: number
  /** Who else was computing it when its result came. */
  rivals: PeerId[]
  /** Host: two members gave different answers, so the verifier must look here. */
  disputed: boolean
}

export type Stage = 'working' | 'revealing' | 'checking' | 'disputed' | 'unverified' | 'complete'

/** One microjob in a room's hands. */
export interface Round {
  ref: MicrojobRef
  slots: ChunkSlot[]
  /** Rises when results are voided; commitments and secrets belong to one epoch. */
  epoch: number
  commitments: { peer: PeerId; commitment: Uint8Array }[]
  /** Secrets shown so far in this epoch, each of which opens its commitment. */
  reveals: Reveal[]
  /** This node's own secret in this epoch. */
  secret: Uint8Array
  stage: Stage
  draw: Draw | null
  drawAttempts: number
  /** Members with which the last draw failed to decide: it is not repeated with the same ones. */
  undecidedWith: string
  /** Host: since when it waits for somebody who can decide, or 0. */
  undecidedSince: number
  /** Host: waits for missing commitments until then; 0 before the last chunk. */
  waitUntil: number
  /** Since when the database no longer lists this microjob as open, or 0. */
  unlistedSince: number
  /** Heartbeats of the host in a row that did not list it. */
  unlistedBeats: number
  /** Results were put into the database up to this many. */
  recorded: number
  recordedAt: number
}

/** What the host knows of a member's work. */
export interface MemberWork {
  /** Exponential mean of ms per chunk; 0 before the first. */
  paceMs: number
  /** Chunks it asked for and has not been granted. */
  want: number
  /** When it became a member, as far as this node knows. */
  since: number
  lastHeard: number
  /** A connection to it was up once. */
  connected: boolean
  /** When its connection broke, or 0. */
  downSince: number
  done: number
  /** Chunks it last said it has in hand or has finished without our having them. */
  inHand: number[]
  /** When it said so; 0 before the first time. */
  reportedAt: number
  /** Grants since its last result that it did not have in hand later. */
  lost: number
  /** Times it changed a commitment that a draw already counted. */
  recommits: number
  /** Of its join request; 0 while unknown. */
  session: number
  /** Checks that the members have passed, as far as this one says it knows. */
  standings: Record<PeerId, number>
}

/** The peers that process one microjob after the other, under one host at a time. */
export interface Room {
  job: JobId
  kernel: Cid
  capacity: number
  /** Deadline of a chunk while no pace is known, ms. */
  deadlineMs: number
  /** Of credible processors one chunk in so many is checked. */
  chunksPerCheck: number
  /** A processor is credible after so many passed checks. */
  credibleAfter: number
  /** The most that this node ever said a member has passed. */
  declared: Record<PeerId, number>
  term: number
  host: PeerId
  /** In join order, self included. */
  members: Member[]
  version: number
  work: Record<PeerId, MemberWork>
  /** Proven to be wrong: they do not come back, and their results count nowhere here. */
  expelled: PeerId[]
  /** Host: did not do their part in time, and may ask again later. */
  excluded: { peer: PeerId; times: number; until: number }[]
  /** Oldest first. */
  rounds: Round[]
  departures: { peer: PeerId; reason: string; at: number }[]
  /** Host: how often draws were repeated for a member's sake. */
  repeatedFor: Record<PeerId, number>
  hostChanges: number
  /** The host was proven wrong, or is of no use: it counts as gone. */
  hostDiscredited: 'no' | 'useless' | 'wrong'
  /** Member: since when the host states standings that nobody earned, or 0. */
  doubtedSince: number
  /** When anything last moved the work on, as far as this node has seen. */
  progressAt: number
  /** A new host grants only after this time, so that its members can tell what they know. */
  syncUntil: number
  /** Members that a new host has not heard from yet. */
  syncAwaited: PeerId[]
  /** When this member first missed its host, or 0. */
  hostMissedAt: number
  /** Candidates passed over since the host was missed. */
  passedOver: PeerId[]
  lastHeartbeat: number
  lastAnnounce: number
  /** When this node last told everybody that it is the host. */
  proclaimedAt: number
  lastClaim: number
  requestedAt: number
  requestedWant: number
  /** Last microjob that completed here, for people. */
  lastVerdict: { microjob: number; verifier: PeerId | null; verdict: string } | null
}

/** A certificate this node has seen. */
export interface Finished {
  ref: MicrojobRef
  /** Canonical CBOR. */
  certificate: Uint8Array
  /** When it was last put into the database, or seen. */
  at: number
}

/** A chunk granted to this node. */
export interface InHand {
  block: BlockId
  microjob: number
  chunk: number
  attempt: number
  running: boolean
}

/** One microjob that the database lists as open. */
export interface WorkItem {
  ref: MicrojobRef
  capacity: number
  deadlineMs: number
  /** Of credible processors one chunk in so many is checked. */
  chunksPerCheck: number
  /** A processor is credible after so many passed checks. */
  credibleAfter: number
  kernel: Cid
  claim: { peer: PeerId; term: number; lapsesAt: number } | null
  /** Results that reached the database without a certificate, or stay of one of which others were voided. */
  results: { chunk: number; result: ChunkResult }[]
  /** Certificates of which something was voided: with each the microjob is opened again. */
  certificates: number
}

export interface Announcement {
  topic: string
  host: PeerId
  term: number
  members: number
  capacity: number
  settling: boolean
  at: number
}

export type Activity =
  | { kind: 'off' }
  | { kind: 'seeking'; since: number }
  /** `admitted`: the host says that this node is in, and its welcome is on its way. */
  | { kind: 'joining'; item: WorkItem; host: PeerId; since: number; asked: number; session: number; admitted: boolean }
  | { kind: 'opening'; item: WorkItem; since: number; term: number }
  | { kind: 'member' }

/** Everything a node knows of its work in rooms. Plain data: it can be cloned, stored and compared. */
export interface RoomState {
  self: PeerId
  /** 32 bytes from which this node's secrets are derived. */
  seed: Uint8Array
  /** Secrets made so far. */
  secrets: number
  options: RoomOptions
  capabilities: Capabilities
  observer: boolean
  /** Takes no new chunks and leaves when its hands are empty. */
  finishing: boolean
  paused: boolean
  now: number
  activity: Activity
  work: WorkItem[]
  announcements: Announcement[]
  cooldowns: { topic: string; until: number }[]
  room: Room | null
  inHand: InHand[]
  /** Hashes of what this node said it computed, by microjob and chunk, newest last. */
  said: Map<string, Uint8Array>
  /** Chunks this node finished and the host has not been seen to hold. */
  unconfirmed: { block: BlockId; microjob: number; chunk: number }[]
  /** Checks that each peer has passed, by the ledger and by the certificates seen here; 0 after a proven lie. */
  standings: Record<PeerId, number>
  /** Peers that were proven wrong, newest last: neither admitted nor joined. */
  convicted: PeerId[]
  /** Times that this node could not do what it was drawn for. */
  stepsBack: number
  /** Microjobs that were opened again, by topic, with how many certificates they had then. */
  reopened: Map<string, number>
  /** Hosts that did not do what hosts do, until they are given another chance. */
  distrusted: { peer: PeerId; until: number }[]
  /** Certificates of the last rounds, for members that missed them. */
  recent: Finished[]
  /** When the database is next compared with them. */
  recordAgainAt: number
  /** Rounds of a room that was left for another host of the same microjob. */
  keepsake: Round[]
  /** Topics subscribed to. */
  topics: string[]
  /** Topics of microjobs known to be complete, newest last. */
  finished: string[]
  /** Topics of microjobs that the database listed once and lists no longer, newest last. */
  unlisted: string[]
  /** Messages refused, by cause. */
  refused: Record<string, number>
  chunksDone: number
  fuelDone: number
  certificates: number
}

export interface RoomInit {
  self: PeerId
  seed: Uint8Array
  now: number
  capabilities: Capabilities
  options?: Partial<RoomOptions>
  observer?: boolean
}

export function initialState(init: RoomInit): RoomState {
  return {
    self: init.self,
    seed: init.seed,
    secrets: 0,
    options: { ...DEFAULT_OPTIONS, ...init.options },
    capabilities: init.capabilities,
    observer: init.observer ?? false,
    finishing: false,
    paused: false,
    now: init.now,
    activity: { kind: 'off' },
    work: [],
    announcements: [],
    cooldowns: [],
    room: null,
    inHand: [],
    said: new Map(),
    unconfirmed: [],
    standings: {},
    convicted: [],
    stepsBack: 0,
    reopened: new Map(),
    distrusted: [],
    recent: [],
    recordAgainAt: 0,
    keepsake: [],
    topics: [],
    finished: [],
    unlisted: [],
    refused: {},
    chunksDone: 0,
    fuelDone: 0,
    certificates: 0,
  }
}
