import type { Certificate } from '../domain/certificate.ts'
import type { Cid, JobId, PeerId } from '../domain/ids.ts'
import type { Job } from '../domain/job.ts'
import type { Kernel, ParameterValues } from '../domain/kernel.ts'
import type { Note } from '../room/event.ts'
import type { EngineKind, EngineReport, Unsubscribe, WireStats } from '../room/ports.ts'

export type EnginePreference = 'auto' | EngineKind

/** What a contributor allows. */
export interface ContributionSettings {
  engine: EnginePreference
  /** Workers on the CPU engine, 1 to hardwareConcurrency. */
  workers: number
  /** Share of time spent computing, percent, 10 to 100. */
  dutyCycle: number
  /** Kernels that are not built in. */
  allowCustomKernels: boolean
  pauseOnBattery: boolean
  pauseOnMetered: boolean
  onlyWhenIdle: boolean
  /** A job whose rooms are tried before all others: that of the link a person followed. */
  firstJob?: JobId
}

/** Something a person should know: what was wrong, with which value, and what to do. */
export interface Problem {
  code: string
  message: string
  /** ms since the epoch. */
  at: number
}

/** One line of the pre-flight. */
export interface PreflightCheck {
  id: 'webgpu' | 'cpu' | 'relay' | 'webrtc' | 'storage' | 'secure-context'
  label: string
  state: 'ok' | 'warning' | 'failed'
  /** What was found, and what to do where something is missing. */
  detail: string
}

export interface MemberView {
  peer: PeerId
  self: boolean
  host: boolean
  link: 'self' | 'direct' | 'relayed' | 'none'
  chunks: number
  role: 'processor' | 'observer'
}

export interface ChunkView {
  id: number
  state: 'open' | 'granted' | 'done' | 'verified'
  /** Who holds or computed it. */
  peer: PeerId | null
  /** ms since the epoch; null unless granted. */
  deadline: number | null
}

export interface RoomView {
  topic: string
  job: JobId
  title: string
  kernel: string
  microjob: number
  blockIndex: number
  term: number
  host: PeerId
  stage: 'working' | 'revealing' | 'checking' | 'unverified' | 'complete'
  members: MemberView[]
  chunks: ChunkView[]
  /** Who left this room and why, oldest first. */
  departures: { peer: PeerId; reason: string; at: number }[]
  hostChanges: number
  /** Of this microjob; null until it is drawn. */
  verifier: PeerId | null
  /** The microjob that was completed last in this room. */
  lastVerdict: { microjob: number; verifier: PeerId | null; verdict: string } | null
}

/** What happens in this node's rooms, as it happens: what the room says, and the chunks that this node computes. */
export type RoomNews = (Note | { kind: 'chunkStarted' | 'chunkDone'; microjob: number; chunk: number }) & {
  /** ms since the epoch. */
  at: number
}

/** `open`: nobody works on it at the moment, whatever is done of it; `running`: a room does; `computed`: all of it, not yet verified. */
export type JobState = 'open' | 'running' | 'computed' | 'verified' | 'cancelled'

export interface JobView {
  id: JobId
  title: string
  /** Kernel name, or its content address while the kernel is not known. */
  kernel: string
  kernelCid: Cid
  mine: boolean
  requester: PeerId
  createdAt: number
  state: JobState
  chunks: number
  /** Chunks computed, verified or not. */
  chunksDone: number
  chunksVerified: number
  microjobs: number
  microjobsVerified: number
  /** A search whose find is verified: nothing more of it is computed. */
  found: boolean
  /** Seconds left at the pace of the last minute; null while unknown. */
  etaSeconds: number | null
  contributors: { peer: PeerId; chunks: number }[]
  /** Certified chunks that are computed again, because whoever computed them was proven wrong. */
  recomputed: { peer: PeerId; chunks: number }[]
}

export interface NodeSnapshot {
  peer: PeerId
  phase: 'starting' | 'ready' | 'stopped' | 'failed'
  network: {
    /** `place`: host and port, for people. */
    relays: { multiaddr: string; place: string; state: 'connecting' | 'reserved' | 'unreachable'; detail: string }[]
    peers: { peer: PeerId; link: 'direct' | 'relayed' }[]
    wires: WireStats[]
  }
  database: { state: 'opening' | 'open' | 'failed'; records: number; detail: string }
  contribution: {
    state: 'off' | 'seeking' | 'working' | 'paused' | 'finishing'
    /** Why it paused itself; empty otherwise. */
    pausedBecause: string
    settings: ContributionSettings
    engine: EngineReport | null
    /** Why this engine was chosen. */
    engineReason: string
    chunksDone: number
    /** Chunks per minute over the last minute. */
    rate: number
    fuel: number
    /** Time spent computing chunks, ms, all slots together. */
    computeMs: number
    /** Fuel that was verified: the credit. */
    credit: number
  }
  /** What happened in this node's rooms since it started. */
  history: {
    timesHost: number
    hostChanges: number
    departures: { peer: PeerId; reason: string; at: number }[]
    /** Chunks that a member of a room led here still had when another finished them. */
    relieved: { peer: PeerId; chunks: number }[]
    /** Finished chunks of proven liars, which were computed again. */
    recomputed: number
  }
  room: RoomView | null
  jobs: JobView[]
  /** Single work requests: this node's own, those it did for others, and how the last ones ended, oldest first. */
  requests: {
    asked: number
    answered: number
    outcomes: { id: string; requester: PeerId; worker: PeerId | null; reason: string; at: number }[]
  }
  /** The newest entries of the ledger, as many as this node holds, and what they come to. */
  ledger: {
    entries: number
    /** When the oldest of them was written, ms since the epoch; null without entries. */
    since: number | null
    leaderboard: { peer: PeerId; credit: number; chunks: number }[]
  }
  problems: Problem[]
}

export interface SubmitRequest {
  title: string
  kernel: Kernel
  parameters: ParameterValues
  /** Row-major items of the input, as the kernel's manifest describes them; null for a kernel without input. */
  input: { bytes: Uint8Array; width: number; height: number; name: string } | null
  /** Accepted probability of a wrong chunk. */
  epsilon: number
  /** Overrides what the planner would choose. */
  chunk?: [number, number, number]
  /** Most processors in one room. @default 11 */
  capacity?: number
  /** How long a tab may hold a chunk before anything is known of its pace, ms, 1000 at least. @default 30000 */
  deadlineMs?: number
}

/** A piece of work that is one chunk: what a job is made of, but for its cut and its assurance. */
export type WorkDescription = Pick<SubmitRequest, 'title' | 'kernel' | 'parameters' | 'input'>

export interface RequestOptions {
  signal?: AbortSignal
  /** How long one worker may take before the next one is asked, ms. @default 20000 */
  deadlineMs?: number
}

/** What one worker made of it. Nobody has checked it. */
export interface RequestAnswer {
  /** Content address of the manifest. */
  job: JobId
  /** Who computed it: this node itself when nobody else could. */
  worker: PeerId
  /** Little-endian elements in the kernel's layout. */
  output: Uint8Array
  fuel: number
}

/** What a job would cost, before it is submitted. */
export interface SubmitPreview {
  space: [number, number, number]
  chunks: number
  microjobs: number
  outputBytes: number
  inputBytes: number
  /** Estimated seconds of computing on one member of this device's pace; null before calibration. */
  computeSeconds: number | null
}

/** What one chunk of a job did on this device, before anybody else is asked to compute it. */
export interface SubmitTrial {
  chunk: number
  items: number
  /** Time spent computing on the engine that computes here, ms of one slot. */
  ms: number
  /** Of the whole chunk: items and loop iterations. */
  fuel: number
  /** Engines that computed it, all to the same result. */
  engines: EngineKind[]
}

export interface JobOutput {
  job: Job
  kernel: Kernel
  /** The whole output stream, little-endian elements in the kernel's layout; holes are zero. */
  output: Uint8Array
  /** For each chunk: not there, computed, or verified. */
  chunkStates: ('missing' | 'computed' | 'verified')[]
  certificates: Certificate[]
  /** A search that has ended before all its chunks were computed or wanted, because one of them found something. */
  found: boolean
  complete: boolean
  verified: boolean
}

/** The front door: one node, in a tab or in Node. */
export interface RoomfulNode {
  readonly peer: PeerId
  snapshot(): NodeSnapshot
  /** Called after changes, at most ten times a second. */
  onChange(handler: () => void): Unsubscribe
  /** Called at once with everything that happens in this node's rooms. */
  onNews(handler: (news: RoomNews) => void): Unsubscribe
  preflight(): Promise<PreflightCheck[]>
  contribute(settings?: Partial<ContributionSettings>): Promise<void>
  configure(settings: Partial<ContributionSettings>): Promise<void>
  pause(reason?: string): void
  resume(): void
  /** Finishes the chunks in hand, then leaves; while paused it leaves at once. Resolves when it has stopped, or has begun again. */
  finishThenStop(): Promise<void>
  /** Leaves at once; chunks in hand are granted to others. */
  stopContributing(): Promise<void>
  /** What {@link submit} would make of it. Rejects with `ParameterError`, `PlanError` or `KernelError`. */
  preview(request: SubmitRequest): Promise<SubmitPreview>
  /** Computes one chunk of it here. Rejects with why the kernel cannot be a job's: `KernelError`, `FuelError`, `TrialError` … */
  trial(request: SubmitRequest): Promise<SubmitTrial>
  submit(request: SubmitRequest): Promise<JobId>
  /** Watches a job: the output as it stands, again after each change, until it is complete or `signal` aborts. */
  watch(job: JobId, signal?: AbortSignal): AsyncIterable<JobOutput>
  output(job: JobId): Promise<JobOutput>
  cancel(job: JobId): Promise<void>
  /**
   * Asks one node for one small piece of work, of those who offer the least loaded, and the next one when it fails; this
   * node computes it as the last resort. The answer is not verified.
   * Throws `ParameterError`, `PlanError` or `InputError` at once, `RequestRefusedError` with every cause when nobody could.
   */
  request(work: WorkDescription, options?: RequestOptions): Promise<RequestAnswer>
  /** This node's private key as a file for its owner: whoever has it can be this peer. */
  exportKey(): string
  /** Peer of a key file. Rejects with `KeyFileError`. */
  checkKey(text: string): Promise<PeerId>
  /** Takes the key of a file from the next start on; gives its peer. Rejects with `KeyFileError`, and the old key stays. */
  importKey(text: string): Promise<PeerId>
  stop(): Promise<void>
}
