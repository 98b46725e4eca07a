import { builtInKernels } from '../compute/kernels/index.ts'
import type { JobId, PeerId } from '../domain/ids.ts'
import { createNetwork } from '../net/network.ts'
import type { Network } from '../net/network.ts'
import { createSystemClock } from '../net/system-clock.ts'
import { idbStorage, memoryStorage } from '../store/idb.ts'
import { openStore, StorageError } from '../store/index.ts'
import type { Store } from '../store/index.ts'
import type { StoreFiles } from '../store/store-files.ts'
import type { Clock, Unsubscribe } from '../room/ports.ts'
import type { Note } from '../room/event.ts'
import { initialState } from '../room/state.ts'
import type {
  ContributionSettings,
  EnginePreference,
  JobOutput,
  NodeSnapshot,
  PreflightCheck,
  Problem,
  RequestAnswer,
  RequestOptions,
  RoomNews,
  RoomfulNode,
  SubmitPreview,
  SubmitRequest,
  WorkDescription,
  SubmitTrial,
} from './api.ts'
import { Catalogue } from './catalogue.ts'
import { Checks } from './checks.ts'
import { Computation } from './computation.ts'
import { Contribution } from './contribution.ts'
import { Errands } from './errands.ts'
import { CONVICTED, errorText } from './error-text.ts'
import { RoomHistory } from './history.ts'
import { Identity } from './identity.ts'
import { parseKeyFile } from './key-file.ts'
import { LedgerDigest } from './ledger-digest.ts'
import { OutputShelf } from './output.ts'
import { preflightChecks } from './preflight.ts'
import { Recorder } from './recorder.ts'
import { RoomRunner } from './runner.ts'
import { storageDetail } from './storage-detail.ts'
import { previewJob, storeJob } from './submission.ts'
import { tryChunk } from './trial.ts'
import { jobViews, roomView } from './views.ts'
import type { PaceSample } from './views.ts'
import { watchOutput } from './watch.ts'

export interface NodeOptions {
  /** Multiaddrs of relays. */
  relays: string[]
  /** Base name of what is stored. @default 'roomful' */
  directory?: string
  engine?: EnginePreference
  iceServers?: RTCIceServer[]
  /** Says what is being done while the node starts. */
  onProgress?: (step: string) => void
}

const CHANGE_MS = 100
const WORK_MS = 1_000
const MAX_PROBLEMS = 20
const LOOK_AGAIN_MS = 1_000

/** Starts a node: key, network, database, rooms. It does not contribute until it is told to. */
export async function createNode(options: NodeOptions): Promise<RoomfulNode> {
  const step = options.onProgress ?? (() => {})
  step('Looking for this tab’s key …')
  const identity = await Identity.take(options.directory ?? 'roomful')
  step('Connecting to the relay …')
  const clock = createSystemClock()
  const network = await createNetwork({ relays: options.relays, privateKey: identity.key, iceServers: options.iceServers, clock })
  step('Opening the job database …')
  const storage = identity.persistent ? await idbStorage(identity.directory) : memoryStorage()
  const store = await openStore({ libp2p: network.libp2p, ...storage, signer: network.signer, onOffence: network.offence })
  step('Ready')
  return new Node(options, { clock, network, store, storage, identity })
}

interface Parts {
  clock: Clock
  network: Network
  store: Store
  storage: StoreFiles
  identity: Identity
}

class Node implements RoomfulNode {
  readonly peer: PeerId
  readonly #history: RoomHistory
  readonly #parts: Parts
  readonly #runner: RoomRunner
  readonly #catalogue: Catalogue
  readonly #computation: Computation
  readonly #checks: Checks
  readonly #recorder: Recorder
  readonly #handlers = new Set<() => void>()
  readonly #newsHandlers = new Set<(news: RoomNews) => void>()
  readonly #ends: Unsubscribe[] = []
  readonly #paces = new Map<JobId, PaceSample[]>()
  readonly #shelf: OutputShelf
  readonly #contribution: Contribution
  readonly #errands: Errands
  readonly #ledger: LedgerDigest
  #problems: Problem[] = []
  #phase: NodeSnapshot['phase'] = 'ready'
  #changeTimer: Unsubscribe | null = null
  #cached: NodeSnapshot | null = null
  #storageSaid = ''

  constructor(options: NodeOptions, parts: Parts) {
    const { network, store, clock } = parts
    this.#parts = parts
    this.peer = network.signer.self
    this.#history = new RoomHistory(this.peer, () => clock.now())
    this.#recorder = new Recorder({
      jobs: store.jobs,
      ledger: store.ledger,
      signer: network.signer,
      clock,
      failed: (what, cause) => this.#problem('database', `The database did not take a ${what} record: ${errorText(cause)}`),
    })
    this.#catalogue = new Catalogue({
      store: store.jobs,
      blocks: store.blocks,
      clock,
      builtIn: builtInKernels,
      changed: () => this.#offerWork(),
    })
    this.#runner = new RoomRunner(
      initialState({
        self: this.peer,
        seed: crypto.getRandomValues(new Uint8Array(32)),
        now: clock.now(),
        capabilities: { engine: 'cpu', slots: 1, customKernels: false },
      }),
      { transport: network.transport, pubsub: network.pubsub, blocks: store.blocks, signer: network.signer, bulk: network.bulk, clock },
      {
        compute: (effect) => void this.#compute(effect.ref, effect.chunk, effect.attempt),
        cancel: (effect) => this.#computation.cancel(effect, effect.chunk),
        verify: (effect) => this.#checks.add(effect),
        record: (effect) => this.#recorder.handle(effect),
        note: (note) => this.#note(note),
        changed: () => this.#changed(),
        failed: (cause) => this.#problem('internal', `Something failed inside this tab: ${errorText(cause)}`),
      },
    )
    this.#computation = new Computation({ blocks: store.blocks, outputs: this.#runner.outputs, find: (job) => this.#catalogue.get(job) })
    this.#checks = new Checks({
      runner: this.#runner,
      computation: this.#computation,
      manifestOf: (job) => this.#catalogue.get(job)?.kernel.manifest,
      failed: (microjob, cause) => this.#problem('verify', `Microjob ${microjob} could not be checked here: ${errorText(cause)}`),
    })
    // Nothing else need change before the data is there, so whoever watches is told to look again.
    this.#shelf = new OutputShelf(this.#catalogue, this.#runner, () => clock.after(LOOK_AGAIN_MS, () => this.#changed()))
    this.#contribution = new Contribution({
      runner: this.#runner,
      computation: this.#computation,
      engine: options.engine ?? 'auto',
      now: () => clock.now(),
      problem: (code, message) => this.#problem(code, message),
      changed: () => this.#changed(),
    })
    this.#errands = new Errands({
      ...parts,
      runner: this.#runner,
      computation: this.#computation,
      contribution: this.#contribution,
      recorder: this.#recorder,
      changed: () => this.#changed(),
    })
    this.#ledger = new LedgerDigest(store.ledger, () => this.#changed())
    this.#ends.push(network.links.onChange(() => this.#changed()))
    const turn = (): void => {
      this.#offerWork()
      this.#errands.recruit()
      this.#watchStorage()
      end = clock.after(WORK_MS, turn)
    }
    let end = clock.after(WORK_MS, turn)
    this.#ends.push(() => end())
    this.#offerWork()
  }

  snapshot(): NodeSnapshot {
    this.#cached ??= this.#makeSnapshot()
    return this.#cached
  }

  onChange(handler: () => void): Unsubscribe {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  onNews(handler: (news: RoomNews) => void): Unsubscribe {
    this.#newsHandlers.add(handler)
    return () => this.#newsHandlers.delete(handler)
  }

  async preflight(): Promise<PreflightCheck[]> {
    await this.#contribution.prepareEngines()
    return preflightChecks(this.#contribution.reports(), this.#networkView(), this.#parts.storage)
  }

  async contribute(settings: Partial<ContributionSettings> = {}): Promise<void> {
    await this.#contribution.start(settings)
    this.#offerWork()
  }

  async configure(settings: Partial<ContributionSettings>): Promise<void> {
    await this.#contribution.configure(settings)
    this.#offerWork()
  }

  pause(reason?: string): void {
    this.#contribution.pause(reason)
  }

  resume(): void {
    this.#contribution.resume()
  }

  finishThenStop(): Promise<void> {
    return this.#contribution.finishThenStop()
  }

  async stopContributing(): Promise<void> {
    this.#contribution.stop()
  }

  async preview(request: SubmitRequest): Promise<SubmitPreview> {
    return previewJob(request, await this.#contribution.pace(request))
  }

  trial = (request: SubmitRequest): Promise<SubmitTrial> => tryChunk(request, this.#contribution.computesOn)

  async submit(request: SubmitRequest): Promise<JobId> {
    const { clock, store } = this.#parts
    const { job, record } = await storeJob(request, store.blocks, {
      self: this.peer,
      now: clock.now(),
      nonce: crypto.getRandomValues(new Uint8Array(16)),
      itemsPerSecond: await this.#contribution.pace(request),
    })
    // Blocks for which there is no room are in memory alone: a job must not be promised on them.
    if (this.#parts.storage.full) throw new StorageError(`The job was not submitted. ${this.#parts.storage.detail}`)
    this.#catalogue.add(record, job, request.kernel)
    await this.#recorder.put(record)
    return record.job
  }

  watch(job: JobId, signal?: AbortSignal): AsyncIterable<JobOutput> {
    return watchOutput(() => this.output(job), this.onChange.bind(this), signal)
  }

  output(job: JobId): Promise<JobOutput> {
    return this.#shelf.output(job)
  }

  async cancel(job: JobId): Promise<void> {
    await this.#recorder.put({ kind: 'tombstone', job, requester: this.peer, createdAt: this.#parts.clock.now() })
  }

  request(work: WorkDescription, options: RequestOptions = {}): Promise<RequestAnswer> {
    return this.#errands.request(work, options)
  }

  exportKey(): string {
    return this.#parts.identity.export()
  }

  async checkKey(text: string): Promise<PeerId> {
    return (await parseKeyFile(text)).peer
  }

  async importKey(text: string): Promise<PeerId> {
    return this.#parts.identity.import(text)
  }

  async stop(): Promise<void> {
    this.#phase = 'stopped'
    await this.#contribution.dispose()
    this.#errands.stop()
    this.#runner.stop()
    this.#catalogue.stop()
    this.#ledger.stop()
    for (const end of this.#ends) end()
    this.#changeTimer?.()
    await this.#parts.store.stop()
    await this.#parts.storage.close()
    await this.#parts.network.stop()
  }

  async #compute(ref: Parameters<Computation['compute']>[0], chunk: number, attempt: number): Promise<void> {
    const { block, microjob } = ref
    try {
      this.#tell({ kind: 'chunkStarted', microjob, chunk })
      const { result, ms } = await this.#computation.compute(ref, chunk, this.peer)
      this.#contribution.noteChunk(ms)
      this.#tell({ kind: 'chunkDone', microjob, chunk })
      this.#runner.dispatch({ type: 'computed', block, microjob, chunk, attempt, result, ms })
    } catch (cause) {
      if (!(cause instanceof DOMException && cause.name === 'AbortError')) {
        this.#problem('compute', `Chunk ${chunk} could not be computed here: ${errorText(cause)}`)
      }
      this.#runner.dispatch({ type: 'computeFailed', block, microjob, chunk, attempt, reason: errorText(cause) })
    }
  }

  #tell(news: WithoutAt<RoomNews>): void {
    for (const handler of this.#newsHandlers) handler({ ...news, at: this.#parts.clock.now() })
  }

  #note(note: Note): void {
    this.#tell(note)
    this.#history.add(note)
    if (note.kind === 'expelledSelf') this.#problem('expelled', `A room has expelled this tab: ${note.reason}. It looks for another room.`)
  }

  #offerWork(): void {
    if (this.#phase !== 'ready' || this.#errands === undefined) return
    this.#judge()
    const items = this.#catalogue.work(
      ({ builtIn }) => builtIn || this.#contribution.settings.allowCustomKernels,
      this.#errands.invitedTo ?? this.#contribution.settings.firstJob ?? null,
    )
    this.#runner.dispatch({ type: 'work', items })
  }

  /** Whom to believe, by the ledger. */
  #judge(): void {
    const judgement = this.#ledger.judge()
    if (judgement === null) return
    const { passed, convicted } = judgement
    this.#runner.dispatch({ type: 'standings', passed, convicted: [...convicted.keys()] })
    this.#catalogue.convict(convicted)
    if (convicted.has(this.peer)) this.#problem('convicted', CONVICTED)
  }

  #changed(): void {
    this.#cached = null
    if (this.#changeTimer !== null) return
    this.#changeTimer = this.#parts.clock.after(CHANGE_MS, () => {
      this.#changeTimer = null
      this.#contribution.follow(this.#runner.state)
      for (const handler of this.#handlers) handler()
    })
  }

  #problem(code: string, message: string): void {
    this.#problems = [...this.#problems.filter((entry) => entry.message !== message), { code, message, at: this.#parts.clock.now() }].slice(
      -MAX_PROBLEMS,
    )
    this.#changed()
  }

  /** Says what has befallen the storage, once. */
  #watchStorage(): void {
    const detail = storageDetail(this.#parts)
    if (detail !== '' && detail !== this.#storageSaid) this.#problem('storage', detail)
    this.#storageSaid = detail
  }

  #networkView(): NodeSnapshot['network'] {
    const { network } = this.#parts
    return { ...network.links.snapshot(), wires: network.transport.stats() }
  }

  #makeSnapshot(): NodeSnapshot {
    const { store } = this.#parts
    const { state } = this.#runner
    this.#contribution.follow(state)
    const network = this.#networkView()
    const ledger = this.#ledger.view()
    return {
      peer: this.peer,
      phase: this.#phase,
      network,
      database: { state: 'open', records: store.jobs.records().length, detail: storageDetail(this.#parts) },
      contribution: this.#contribution.view(state, ledger.leaderboard.find(({ peer }) => peer === this.peer)?.credit ?? 0),
      history: this.#history.view(),
      room: roomView(state, new Map(network.peers.map(({ peer, link }) => [peer, link])), this.#catalogue),
      jobs: jobViews(state, this.#catalogue, this.peer, this.#paces),
      requests: this.#errands.view(),
      ledger,
      problems: this.#problems,
    }
  }
}

type WithoutAt<N> = N extends unknown ? Omit<N, 'at'> : never
