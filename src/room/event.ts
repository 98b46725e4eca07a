import type { Certificate, Conviction } from '../domain/certificate.ts'
import type { PeerId } from '../domain/ids.ts'
import type { MicrojobRef } from '../domain/job.ts'
import type { Message } from './message.ts'
import type { Capabilities, ChunkResult, WorkItem } from './state.ts'

/** What happens to a node. Time, randomness, messages and finished effects all arrive this way. */
export type RoomEvent = { now: number } & (
  | { type: 'tick' }
  /** Begins to look for work. */
  | { type: 'start' }
  /** Leaves: at once, or when its hands are empty. */
  | { type: 'stop'; finish: boolean }
  | { type: 'pause' }
  | { type: 'resume' }
  | { type: 'capabilities'; capabilities: Capabilities }
  /** The open work, in the order in which rooms are tried. */
  | { type: 'work'; items: WorkItem[] }
  /** Checks that peers have passed, by the ledger, and who was proven wrong. */
  | { type: 'standings'; passed: ReadonlyMap<PeerId, number>; convicted: readonly PeerId[] }
  /** A message on a topic, from whoever signed it. */
  | { type: 'gossip'; topic: string; from: PeerId; message: Message }
  /** A message on a wire. Its data, if any, has been kept and hashes to what it says. */
  | { type: 'message'; from: PeerId; message: Message }
  | { type: 'connection'; peer: PeerId; up: boolean }
  /** Data asked of a peer did not come. Of the host: the takeover path begins here, although its wire looks well. */
  | { type: 'requestFailed'; peer: PeerId }
  | { type: 'computed'; block: string; microjob: number; chunk: number; attempt: number; result: ChunkResult; ms: number }
  | { type: 'computeFailed'; block: string; microjob: number; chunk: number; attempt: number; reason: string }
  /** The output that a `fetch` effect asked for is in this node's block store. */
  | { type: 'fetched'; block: string; microjob: number; chunk: number; hash: Uint8Array }
  /** The reference engine has recomputed one chunk of a `verify` effect. */
  | { type: 'checked'; block: string; microjob: number; attempt: number; chunk: number }
  /** The reference engine's answers to a `verify` effect. */
  | { type: 'verified'; block: string; microjob: number; attempt: number; checked: { chunk: number; hash: Uint8Array }[] }
  /** The reference engine cannot do what a `verify` effect asks for. */
  | { type: 'checkFailed'; block: string; microjob: number; attempt: number; reason: string }
  | { type: 'signed'; purpose: SignPurpose; bytes: Uint8Array; signature: Uint8Array }
)

export type SignPurpose =
  | { kind: 'report'; block: string; microjob: number; attempt: number }
  | { kind: 'certificate'; block: string; microjob: number; attempt: number }
  /** That the results listed in this node's name are its own. */
  | { kind: 'statement'; block: string; microjob: number; attempt: number }
  /** What this node found as arbiter. */
  | { kind: 'reply'; block: string; microjob: number; attempt: number; chunk: number; hash: Uint8Array }

/** What a node wants done. The runner does it and answers with events. */
export type Effect =
  | { type: 'subscribe'; topic: string }
  | { type: 'unsubscribe'; topic: string }
  | { type: 'publish'; topic: string; message: Message }
  /** Replaces the transport's membership. */
  | { type: 'setMembers'; peers: PeerId[] }
  /** For a `result` the runner attaches the data when it fits. */
  | { type: 'send'; to: PeerId; message: Message }
  | { type: 'compute'; ref: MicrojobRef; chunk: number; attempt: number }
  | { type: 'cancel'; block: string; microjob: number; chunk: number }
  /** An output that somebody computed and that is not here: whoever has it may give it. */
  | { type: 'fetch'; ref: MicrojobRef; chunk: number; hash: Uint8Array }
  /** Recompute on the reference engine, in the order of a `CheckQueue`. */
  | { type: 'verify'; ref: MicrojobRef; attempt: number; chunks: number[] }
  | { type: 'sign'; purpose: SignPurpose; bytes: Uint8Array }
  | { type: 'claim'; ref: MicrojobRef; term: number; lapsesAt: number }
  /** Puts results without a certificate into the database, so that nobody computes them again. */
  | { type: 'recordPartial'; ref: MicrojobRef; results: { chunk: number; result: ChunkResult }[] }
  /** Every member hears it; only the host records it. */
  | { type: 'completed'; ref: MicrojobRef; certificate: Certificate; record: boolean }
  | { type: 'recordRefusal'; ref: MicrojobRef; culprit: PeerId; reason: string }
  /** By those whose word is part of the proof. */
  | { type: 'recordConviction'; ref: MicrojobRef; culprit: PeerId; proof: Conviction }
  /** For people: something happened in the room. */
  | { type: 'note'; note: Note }

export type Note =
  | { kind: 'joined'; topic: string; host: PeerId }
  | { kind: 'opened'; topic: string }
  | { kind: 'refusedBy'; host: PeerId; reason: string }
  | { kind: 'departed'; peer: PeerId; reason: string }
  | { kind: 'expelledSelf'; reason: string }
  | { kind: 'hostChanged'; host: PeerId; term: number }
  /** As host: chunks of a microjob given to a member, perhaps to itself. */
  | { kind: 'granted'; microjob: number; chunks: number[]; to: PeerId; term: number }
  | { kind: 'regranted'; chunk: number; from: PeerId }
  /** As host: a chunk that a member still had was finished by another. */
  | { kind: 'relieved'; chunk: number; peer: PeerId }
  | { kind: 'voided'; peer: PeerId; chunks: number[] }
  | { kind: 'drawn'; microjob: number; verifier: PeerId; sample: number[] }
  | { kind: 'verdict'; microjob: number; verdict: string }
  | { kind: 'left' }
