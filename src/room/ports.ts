import type { Chunk } from '../domain/chunk.ts'
import type { Cid, PeerId } from '../domain/ids.ts'
import type { Kernel } from '../domain/kernel.ts'
import type { DatabaseRecord, LedgerRecord, Signed } from '../domain/record.ts'

/** Ends a subscription. Calling it twice does nothing. */
export type Unsubscribe = () => void

/** What one wire has done so far. Bytes and counts since the wire was opened. */
export interface WireStats {
  peer: PeerId
  link: 'direct' | 'relayed' | 'none'
  queued: number
  dropped: number
  reconnects: number
  bytesSent: number
  bytesReceived: number
  /** Last measured control round trip, ms; null before the first. */
  roundTripMs: number | null
}

/**
 * Wires to the members of a room. Sending never blocks: each wire has a bounded buffer that drops its oldest
 * message when full. Messages from a peer arrive in the order they were sent. Messages from a peer that is not a
 * member are held back (the last few) and delivered first when a membership change admits it.
 */
export interface Transport {
  readonly self: PeerId
  /** Replaces the membership; `self` may be among the members. Opens, keeps and closes wires accordingly. */
  setMembers(members: readonly PeerId[]): void
  /** Throws before the first membership and when `to` is not a member. A message to oneself is delivered locally. */
  send(to: PeerId, message: Uint8Array): void
  onMessage(handler: (from: PeerId, message: Uint8Array) => void): Unsubscribe
  /** A member's wire came up or broke. Not called for a peer that the membership drops. */
  onConnection(handler: (peer: PeerId, up: boolean) => void): Unsubscribe
  stats(): WireStats[]
  stop(): Promise<void>
}

/** Small signed control messages to whoever listens on a topic. Data never goes this way. */
export interface PubSub {
  readonly self: PeerId
  subscribe(topic: string): void
  unsubscribe(topic: string): void
  /** Delivered to every other subscriber that is reachable, at most once each; never to oneself. Never throws. */
  publish(topic: string, message: Uint8Array): void
  /** Other peers known to listen on the topic. */
  subscribers(topic: string): PeerId[]
  onMessage(handler: (topic: string, from: PeerId, message: Uint8Array) => void): Unsubscribe
  onSubscribers(handler: (topic: string, peers: PeerId[]) => void): Unsubscribe
  stop(): Promise<void>
}

/** The job database: signed records, replicated everywhere. What does not verify is never returned. */
export interface JobStore {
  /** Resolves when the record is kept locally; replication follows. Rejects a record that is not the signer's own. */
  put(record: Signed<DatabaseRecord>): Promise<void>
  /** All valid records known now, in no particular order. */
  records(): readonly DatabaseRecord[]
  /** Called after each change with the records that are new. */
  onRecords(handler: (records: readonly DatabaseRecord[]) => void): Unsubscribe
  stop(): Promise<void>
}

/** The append-only record of completed and refused work. */
export interface Ledger {
  append(record: Signed<LedgerRecord>): Promise<void>
  entries(): readonly LedgerRecord[]
  onEntries(handler: (entries: readonly LedgerRecord[]) => void): Unsubscribe
  stop(): Promise<void>
}

/** Content-addressed raw blocks of up to 1 MiB. */
export interface BlockStore {
  put(bytes: Uint8Array): Promise<Cid>
  /** Local copy, or fetched from whoever has it and checked against its address. Rejects when `signal` aborts. */
  get(cid: Cid, signal: AbortSignal): Promise<Uint8Array>
  /** Keeps a plain value as canonical DAG-CBOR under its own address. */
  putValue(value: unknown): Promise<Cid>
  /** Inverse of {@link putValue}; rejects on bytes that are not canonical DAG-CBOR. */
  getValue(cid: Cid, signal: AbortSignal): Promise<unknown>
  has(cid: Cid): Promise<boolean>
  delete(cid: Cid): Promise<void>
  stop(): Promise<void>
}

export type EngineKind = 'webgpu' | 'cpu'

export interface EngineReport {
  kind: EngineKind
  available: boolean
  /** Adapter or processor, in words. */
  device: string
  /** True for a software GPU adapter. */
  fallback: boolean
  /** Why it is not available, in words a person understands; empty when it is. */
  reason: string
}

/** One chunk to compute. */
export interface ChunkTask {
  kernel: Kernel
  /** Bytes of the `Params` struct, from `encodeParameters`. */
  parameters: Uint8Array
  chunk: Chunk
  /** The gathered input tile, halo included; null for a kernel without input. */
  input: Uint8Array | null
}

export interface ChunkOutput {
  /** Canonical output bytes of the chunk, little-endian elements. */
  output: Uint8Array
  /** Items and loop iterations executed: the same number on every engine. */
  fuel: number
  /** Time spent computing, ms. */
  ms: number
  engine: EngineKind
}

/** What executes kernels. */
export interface Engine {
  readonly kind: EngineKind
  probe(): Promise<EngineReport>
  /** Compiles the kernel ahead of its first chunk. Throws `KernelError` with line and column when it is refused. */
  prepare(kernel: Kernel): Promise<void>
  /** Rejects with the signal's reason within 100 ms of an abort. */
  run(task: ChunkTask, signal: AbortSignal): Promise<ChunkOutput>
  /** How many chunks it runs at once. */
  readonly slots: number
  dispose(): Promise<void>
}

/** The peer's own key. */
export interface Signer {
  readonly self: PeerId
  sign(bytes: Uint8Array): Promise<Uint8Array>
  /** True when `signature` is `peer`'s over `bytes`; the public key is inside the peer id. */
  verify(peer: PeerId, bytes: Uint8Array, signature: Uint8Array): Promise<boolean>
}

export interface Clock {
  /** ms since the epoch. */
  now(): number
  /** Calls back once after `ms`. Works in hidden tabs. */
  after(ms: number, callback: () => void): Unsubscribe
}

export interface Random {
  bytes(count: number): Uint8Array
}
