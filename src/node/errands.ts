import { builtInKernels } from '../compute/kernels/index.ts'
import { PlanError, indexSpace } from '../domain/plan.ts'
import { kernelCid } from '../domain/kernel.ts'
import type { JobId } from '../domain/ids.ts'
import type { Network } from '../net/network.ts'
import type { Clock } from '../room/ports.ts'
import type { Store } from '../store/index.ts'
import type { NodeSnapshot, RequestAnswer, RequestOptions, WorkDescription } from './api.ts'
import { Answers } from './answers.ts'
import type { KnownJob } from './catalogue.ts'
import type { Computation, Computed } from './computation.ts'
import type { Contribution } from './contribution.ts'
import type { Recorder } from './recorder.ts'
import { DEFAULT_REQUEST_DEADLINE_MS, Requests } from './requests.ts'
import type { OutcomeHeard } from './requests.ts'
import type { RoomRunner } from './runner.ts'
import { excessForOne } from './single-request.ts'
import { storeJob } from './submission.ts'

/** A host asks for one more processor this often while it is short of them, ms. */
const RECRUIT_EVERY_MS = 5_000
/** Open chunks for each processor from which a room is short of processors. */
const OPEN_PER_PROCESSOR = 2
/** Whoever promised to come to a room looks there first for this long, ms. */
const INVITED_MS = 20_000
const MAX_SHOWN = 20

export interface ErrandsInit {
  network: Network
  store: Store
  clock: Clock
  runner: RoomRunner
  computation: Computation
  contribution: Contribution
  recorder: Recorder
  changed(): void
}

/** Single work requests: asks other nodes, answers them, and finds processors for the room that this node leads. */
export class Errands {
  readonly #init: ErrandsInit
  readonly #requests: Requests
  readonly #answers: Answers
  #outcomes: NodeSnapshot['requests']['outcomes'] = []
  #asked = 0
  #answered = 0
  #invitation: { job: JobId; until: number } | null = null
  #recruitedAt = 0
  #recruiting = false

  constructor(init: ErrandsInit) {
    this.#init = init
    const { network, store, clock, runner, changed } = init
    const compute = (known: Pick<KnownJob, 'job' | 'kernel'>, chunk: number, signal: AbortSignal) => this.#compute(known, chunk, signal)
    this.#answers = new Answers({
      clock,
      blocks: store.blocks,
      outputs: runner.outputs,
      builtIn: new Map(builtInKernels.map((kernel) => [kernelCid(kernel), kernel])),
      offer: () => this.#offer(),
      publish: (value) => this.#requests.publish({ case: 'workOffer', value }),
      compute,
      invited: (job) => {
        this.#invitation = { job, until: clock.now() + INVITED_MS }
        changed()
      },
      answered: () => {
        this.#answered++
        changed()
      },
    })
    this.#requests = new Requests({
      pubsub: network.pubsub,
      desk: network.desk,
      clock,
      outputs: runner.outputs,
      compute,
      ended: (outcome, job) => this.#ended(outcome, job),
      heard: (from, message) => this.#answers.hear(from, message),
    })
    network.desk.serve((from, work, signal) => this.#answers.answer(from, work, signal))
  }

  /** The job whose room this node has promised to help; null when there is none. */
  get invitedTo(): JobId | null {
    if (this.#invitation !== null && this.#invitation.until < this.#init.clock.now()) this.#invitation = null
    return this.#invitation?.job ?? null
  }

  async request(work: WorkDescription, { signal, deadlineMs = DEFAULT_REQUEST_DEADLINE_MS }: RequestOptions): Promise<RequestAnswer> {
    signal?.throwIfAborted()
    const { store, clock, network } = this.#init
    const { manifest } = work.kernel
    const chunk = indexSpace(manifest, work.parameters, work.input)
    const excess = excessForOne(manifest, chunk, work.input?.bytes.length ?? 0)
    if (excess !== null)
      throw new PlanError(
        `one node is asked for at most ${excess.most} ${excess.of}, and this has ${excess.has}: submit it as a job, or ask for less`,
      )
    const whole = { ...work, epsilon: 0.01, chunk }
    const now = clock.now()
    const context = { self: network.signer.self, now, nonce: crypto.getRandomValues(new Uint8Array(16)), itemsPerSecond: null }
    const { job, record } = await storeJob(whole, store.blocks, context)
    this.#asked++
    const builtIn = builtInKernels.some((kernel) => kernelCid(kernel) === job.kernel)
    const answer = await this.#requests.ask({ job, kernel: work.kernel }, record.job, builtIn, deadlineMs, signal)
    return { job: record.job, ...answer }
  }

  /** About once a second: a room that is short of processors looks for one more. */
  recruit(): void {
    const { runner, clock } = this.#init
    const { room, paused, finishing, self } = runner.state
    if (room === null || room.host !== self || paused || finishing || this.#recruiting) return
    if (clock.now() - this.#recruitedAt < RECRUIT_EVERY_MS) return
    const processors = room.members.filter(({ observer }) => !observer).length
    const slots = room.rounds.flatMap((round) => round.slots)
    const open = slots.filter(({ result, grants }) => result === null && grants.length === 0).length
    const [round] = room.rounds
    if (round === undefined || processors >= room.capacity || open < OPEN_PER_PROCESSOR * processors) return
    this.#recruiting = true
    this.#recruitedAt = clock.now()
    const builtIn = builtInKernels.some((kernel) => kernelCid(kernel) === room.kernel)
    const { block, microjob } = round.ref
    void this.#requests.recruit({ block, microjob }, room.job, room.kernel, builtIn).finally(() => {
      this.#recruiting = false
    })
  }

  view(): NodeSnapshot['requests'] {
    return { asked: this.#asked, answered: this.#answered, outcomes: [...this.#outcomes] }
  }

  stop(): void {
    this.#requests.stop()
  }

  #offer(): ReturnType<ConstructorParameters<typeof Answers>[0]['offer']> {
    const { runner, contribution } = this.#init
    if (!contribution.working) return null
    const { capabilities, inHand, activity } = runner.state
    const running = inHand.filter((hand) => hand.running).length
    return {
      load: Math.min(100, Math.round((100 * running) / Math.max(1, capabilities.slots))),
      paceMs: contribution.paceMs,
      engine: capabilities.engine,
      free: activity.kind === 'seeking',
      customKernels: contribution.settings.allowCustomKernels,
    }
  }

  async #compute(known: Pick<KnownJob, 'job' | 'kernel'>, chunk: number, signal: AbortSignal): Promise<Computed> {
    const { computation, contribution, network } = this.#init
    if (contribution.paused) throw new Error('it is paused')
    if ((await contribution.prepareEngines()) === null) throw new Error('no engine can compute in this browser')
    return computation.computeFor(known, chunk, network.signer.self, signal)
  }

  #ended({ id, requester, outcome }: OutcomeHeard, job: JobId | null): void {
    const worker = outcome.kind === 'done' ? outcome.worker : null
    const reason = outcome.kind === 'done' ? '' : outcome.causes.join('; ')
    const entry = { id, requester, worker, reason, at: this.#init.clock.now() }
    this.#outcomes = [...this.#outcomes, entry].slice(-MAX_SHOWN)
    if (job !== null) this.#init.recorder.recordRequest({ id, job, outcome })
    this.#init.changed()
  }
}
