import type { Cid, JobId, PeerId } from '../domain/ids.ts'
import { cidOfHash } from '../domain/ids.ts'
import type { Job } from '../domain/job.ts'
import type { Kernel } from '../domain/kernel.ts'
import { INLINE_LIMIT } from '../room/limits.ts'
import { decodeMessage, encodeMessage } from '../room/message.ts'
import type { BodyOf, Message } from '../room/message.ts'
import type { BlockStore, Clock } from '../room/ports.ts'
import type { RoomRef, WorkOffer } from '../room/request.ts'
import { strangersFault } from './strangers-job.ts'
import { errorText } from './error-text.ts'
import type { KnownJob } from './catalogue.ts'
import type { Computed } from './computation.ts'
import type { OutputCache } from './output-cache.ts'

/** Offers that wait to be taken, and of one requester. */
const MAX_OFFERS = 64
const MAX_OFFERS_PER_PEER = 4
/** An offer that nobody took up by then has lapsed, ms. */
const OFFER_MS = 30_000
/** Pieces of work computed at once, beside the room's. */
const MAX_AT_ONCE = 1
const FETCH_MS = 10_000
const MOST_MS = 120_000

export interface AnswersInit {
  clock: Clock
  blocks: BlockStore
  outputs: OutputCache
  builtIn: ReadonlyMap<Cid, Kernel>
  /** What this node can take on now; null when it takes on nothing. */
  offer(): { load: number; paceMs: number; engine: string; free: boolean; customKernels: boolean } | null
  publish(offer: WorkOffer): void
  compute(known: Pick<KnownJob, 'job' | 'kernel'>, chunk: number, signal: AbortSignal): Promise<Computed>
  /** A host asks this node into its room. */
  invited(job: JobId): void
  /** A piece of work was done for somebody. */
  answered(): void
}

interface Offer {
  requester: PeerId
  kernel: Cid
  room: RoomRef | null
  until: number
}

/** Answers single work requests of others: offers what this node can do, and does what is then asked of it. */
export class Answers {
  readonly #init: AnswersInit
  readonly #offers = new Map<string, Offer>()
  #busy = 0

  constructor(init: AnswersInit) {
    this.#init = init
  }

  /** Somebody asks for one piece of work, or, with a block, for a processor in its room. */
  hear(from: PeerId, message: Message): void {
    if (message.body.case !== 'workRequest') return
    const { id, kernel, customKernel, deadlineMs } = message.body.value
    const can = this.#init.offer()
    const room = message.block === '' ? null : { block: message.block, microjob: message.microjob }
    if (can === null || id.length === 0 || this.#offers.has(id)) return
    if (room === null ? this.#busy >= MAX_AT_ONCE : !can.free) return
    if (!this.#init.builtIn.has(kernel) && !(customKernel && can.customKernels)) return
    this.#tidy()
    const mine = [...this.#offers.values()].filter(({ requester }) => requester === from).length
    if (mine >= MAX_OFFERS_PER_PEER || this.#offers.size >= MAX_OFFERS) return
    this.#offers.set(id, { requester: from, kernel, room, until: this.#init.clock.now() + Math.min(deadlineMs + OFFER_MS, MOST_MS) })
    this.#init.publish({ id, load: can.load, paceMs: can.paceMs, engine: can.engine })
  }

  /** The work itself, on a wire. The answer is always a reply; why it is a refusal is for the requester to read. */
  async answer(from: PeerId, work: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const message = decodeMessage(work)
    if (message.body.case !== 'workAssigned') throw new Error('no piece of work')
    const { id, job, chunk } = message.body.value
    const reply = (parts: Partial<BodyOf<'workReply'>>): Uint8Array => {
      const value = { id, hash: new Uint8Array(0), fuel: 0, data: undefined, error: '', ...parts }
      return encodeMessage({ block: message.block, microjob: message.microjob, term: 0, body: { case: 'workReply', value } })
    }
    try {
      const offer = this.#take(id, from)
      if (offer.room !== null) {
        this.#init.invited(job)
        return reply({})
      }
      if (this.#busy >= MAX_AT_ONCE) throw new Error('is busy with another request by now')
      this.#busy++
      try {
        const { result } = await this.#compute(offer, from, job, chunk, AbortSignal.any([signal, AbortSignal.timeout(MOST_MS)]))
        this.#init.answered()
        const data = result.bytes <= INLINE_LIMIT ? this.#init.outputs.peek(cidOfHash(result.hash)) : undefined
        return reply({ hash: result.hash, fuel: result.fuel, ...(data === undefined ? {} : { data }) })
      } finally {
        this.#busy--
      }
    } catch (cause) {
      return reply({ error: errorText(cause).slice(0, 300) || 'failed' })
    }
  }

  /** An offer is taken once, and only by the one to whom it was made. */
  #take(id: string, from: PeerId): Offer {
    this.#tidy()
    const offer = this.#offers.get(id)
    if (offer === undefined || offer.requester !== from) throw new Error('offered nothing of the kind, or too long ago')
    this.#offers.delete(id)
    return offer
  }

  #tidy(): void {
    const now = this.#init.clock.now()
    for (const [id, { until }] of this.#offers) if (until < now) this.#offers.delete(id)
  }

  async #compute(offer: Offer, requester: PeerId, id: JobId, chunk: number, signal: AbortSignal): Promise<Computed> {
    const fetched = AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS)])
    const job = (await this.#init.blocks.getValue(id, fetched)) as Job
    const kernel = this.#init.builtIn.get(offer.kernel) ?? ((await this.#init.blocks.getValue(offer.kernel, fetched)) as Kernel)
    const fault = strangersFault({ job: id, requester }, job, kernel)
    if (fault !== null) throw new Error(`cannot do it: ${fault}`)
    return this.#init.compute({ job, kernel }, chunk, signal)
  }
}
