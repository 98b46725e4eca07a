import { equalBytes, hex } from '../domain/bytes.ts'
import { cidOfHash } from '../domain/ids.ts'
import type { JobId, PeerId } from '../domain/ids.ts'
import { decodeMessage, encodeMessage } from '../room/message.ts'
import type { Body, Message } from '../room/message.ts'
import type { Clock, PubSub } from '../room/ports.ts'
import { MAX_OWN_REQUESTS, REQUEST_TOPIC, initialRequests, reduceRequest } from '../room/request.ts'
import type { RequestEffect, RequestEvent, RequestOutcome, RequestState, RoomRef } from '../room/request.ts'
import type { WorkDesk } from '../net/work-desk.ts'
import { digest } from '../store/digest.ts'
import { errorText } from './error-text.ts'
import type { KnownJob } from './catalogue.ts'
import type { Computed } from './computation.ts'
import type { OutputCache } from './output-cache.ts'

const TICK_MS = 100
/** How long one worker may take before the next one is asked, ms. */
export const DEFAULT_REQUEST_DEADLINE_MS = 20_000

/** Nobody did the work: every cause, in the order in which they came. */
export class RequestRefusedError extends Error {
  override readonly name = 'RequestRefusedError'
  readonly causes: readonly string[]

  constructor(causes: readonly string[]) {
    super(`Nobody could do it: ${causes.join('; ')}`)
    this.causes = causes
  }
}

export type OutcomeHeard = RequestState['outcomes'][number]

export interface RequestsInit {
  pubsub: PubSub
  desk: WorkDesk
  clock: Clock
  outputs: OutputCache
  /** The last resort: computes on this node's own engine. */
  compute(known: Pick<KnownJob, 'job' | 'kernel'>, chunk: number, signal: AbortSignal): Promise<Computed>
  /** Every request's end, this node's own and others'. */
  ended(outcome: OutcomeHeard, job: JobId | null): void
  /** Gossip that is no answer to this node's own requests. */
  heard(from: PeerId, message: Message): void
}

interface Pending {
  known: Pick<KnownJob, 'job' | 'kernel'> | null
  job: JobId
  abort: AbortController
  end(outcome: RequestOutcome): void
}

type WithoutNow<E> = E extends unknown ? Omit<E, 'now'> : never

/** Drives the machine of single work requests for the one who asks: its effects become calls, their answers events. */
export class Requests {
  readonly #init: RequestsInit
  readonly #pending = new Map<string, Pending>()
  readonly #stop = new AbortController()
  readonly #unsubscribe: () => void
  #state: RequestState
  #ticking = false

  constructor(init: RequestsInit) {
    this.#init = init
    this.#state = initialRequests(init.pubsub.self, true)
    this.#unsubscribe = init.pubsub.onMessage((topic, from, bytes) => this.#hear(topic, from, bytes))
    init.pubsub.subscribe(REQUEST_TOPIC)
  }

  /**
   * Has one chunk computed by exactly one worker: the best of those who offer, then the next, at last this node itself.
   * @throws RequestRefusedError when nobody could
   */
  async ask(known: Pick<KnownJob, 'job' | 'kernel'>, job: JobId, builtIn: boolean, deadlineMs: number, signal?: AbortSignal) {
    const outcome = await this.#begin(known, job, null, { deadlineMs, customKernel: !builtIn }, signal)
    if (outcome.kind === 'refused') throw new RequestRefusedError(outcome.causes)
    const output = await this.#init.outputs.get(cidOfHash(outcome.hash), this.#stop.signal)
    return { worker: outcome.worker, output, fuel: outcome.fuel }
  }

  /** Asks the least loaded node that is free to join a room. Resolves with who promised to, or null. */
  async recruit(room: RoomRef, job: JobId, kernel: string, builtIn: boolean): Promise<PeerId | null> {
    if (this.#stop.signal.aborted || this.#pending.size >= MAX_OWN_REQUESTS) return null
    const request = { deadlineMs: RECRUIT_MS, customKernel: !builtIn, kernel }
    const outcome = await this.#begin(null, job, room, request)
    return outcome.kind === 'done' ? outcome.worker : null
  }

  /** Says something on the topic of requests. */
  publish(body: Body, room: RoomRef | null = null): void {
    const message = { block: room?.block ?? '', microjob: room?.microjob ?? 0, term: 0, body }
    this.#init.pubsub.publish(REQUEST_TOPIC, encodeMessage(message))
  }

  /** Ends of requests heard of, newest last; everybody who listens agrees on them. */
  get outcomes(): readonly OutcomeHeard[] {
    return this.#state.outcomes
  }

  stop(): void {
    this.#stop.abort(new DOMException('The node stopped', 'AbortError'))
    this.#unsubscribe()
    for (const [id, { end }] of this.#pending) {
      this.#pending.delete(id)
      end({ kind: 'refused', causes: ['this node stopped'] })
    }
  }

  #begin(
    known: Pending['known'],
    job: JobId,
    room: RoomRef | null,
    request: { deadlineMs: number; customKernel: boolean; kernel?: string },
    signal?: AbortSignal,
  ): Promise<RequestOutcome> {
    signal?.throwIfAborted()
    this.#stop.signal.throwIfAborted()
    if (this.#pending.size >= MAX_OWN_REQUESTS) throw new RequestRefusedError([`${MAX_OWN_REQUESTS} requests are under way already`])
    const id = hex(crypto.getRandomValues(new Uint8Array(16)))
    const { promise, resolve, reject } = Promise.withResolvers<RequestOutcome>()
    const onAbort = (): void => {
      reject(signal?.reason)
      this.#dispatch({ type: 'cancel', id, reason: 'the requester wants it no longer' })
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    const end = (outcome: RequestOutcome): void => {
      signal?.removeEventListener('abort', onAbort)
      resolve(outcome)
    }
    this.#pending.set(id, { known, job, abort: new AbortController(), end })
    const { deadlineMs, customKernel } = request
    const kernel = request.kernel ?? known?.job.kernel ?? ''
    this.#dispatch({ type: 'request', request: { id, kernel, deadlineMs, customKernel }, job, chunk: 0, room })
    this.#tick()
    return promise
  }

  #tick(): void {
    if (this.#ticking) return
    this.#ticking = true
    this.#init.clock.after(TICK_MS, () => {
      this.#ticking = false
      if (this.#stop.signal.aborted) return
      this.#dispatch({ type: 'tick' })
      if (this.#state.own.length > 0) this.#tick()
    })
  }

  #dispatch(event: WithoutNow<RequestEvent>): void {
    if (this.#stop.signal.aborted) return
    const { state, effects } = reduceRequest(this.#state, { ...event, now: this.#init.clock.now() } as RequestEvent)
    this.#state = state
    for (const effect of effects) this.#run(effect)
  }

  #run(effect: RequestEffect): void {
    switch (effect.type) {
      case 'publish':
        return this.publish(effect.body, effect.room)
      case 'dial':
        return void this.#dial(effect.id, effect.peer)
      case 'assign':
        return void this.#assign(effect)
      case 'computeLocally':
        return void this.#computeLocally(effect.id, effect.chunk)
      case 'outcome': {
        const own = effect.requester === this.#state.self ? this.#pending.get(effect.id) : undefined
        // Who comes to a room shows in the room.
        if (own === undefined) return this.#init.ended(effect, null)
        if (own.known !== null) this.#init.ended(effect, own.job)
        this.#pending.delete(effect.id)
        own.abort.abort(new DOMException('The request is over', 'AbortError'))
        own.end(effect.outcome)
      }
    }
  }

  #signal(id: string, ms: number): AbortSignal {
    const own = this.#pending.get(id)?.abort.signal
    return AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ms), ...(own === undefined ? [] : [own])])
  }

  async #dial(id: string, peer: PeerId): Promise<void> {
    const cause = await this.#init.desk.dial(peer, this.#signal(id, DIAL_MS)).then(() => null, errorText)
    this.#dispatch({ type: 'dialled', id, peer, ok: cause === null, reason: cause ?? '' })
  }

  async #assign({ to, body, room }: Extract<RequestEffect, { type: 'assign' }>): Promise<void> {
    const refuse = (error: string): void =>
      this.#dispatch({ type: 'reply', from: to, reply: { id: body.id, hash: new Uint8Array(0), fuel: 0, data: undefined, error } })
    try {
      const signal = this.#signal(body.id, ASSIGNED_MS)
      const message = {
        block: room?.block ?? '',
        microjob: room?.microjob ?? 0,
        term: 0,
        body: { case: 'workAssigned' as const, value: body },
      }
      const answer = decodeMessage(await this.#init.desk.ask(to, encodeMessage(message), signal))
      if (answer.body.case !== 'workReply' || answer.body.value.id !== body.id) return refuse('answered something else')
      const reply = answer.body.value
      if (reply.error === '' && room === null) await this.#keep(reply.hash, reply.data, signal)
      this.#dispatch({ type: 'reply', from: to, reply: { ...reply, data: undefined } })
    } catch (cause) {
      refuse(errorText(cause))
    }
  }

  /** The output counts once it is here. */
  async #keep(hash: Uint8Array, data: Uint8Array | undefined, signal: AbortSignal): Promise<void> {
    if (hash.length !== 32) return
    if (data === undefined) return void (await this.#init.outputs.get(cidOfHash(hash), signal))
    if (!equalBytes(await digest(data), hash)) throw new Error('its output is not what it says')
    this.#init.outputs.put(cidOfHash(hash), data)
  }

  async #computeLocally(id: string, chunk: number): Promise<void> {
    const own = this.#pending.get(id)
    if (own?.known == null) return
    try {
      const { result } = await this.#init.compute(own.known, chunk, own.abort.signal)
      this.#dispatch({ type: 'localDone', id, hash: result.hash, fuel: result.fuel })
    } catch (cause) {
      this.#dispatch({ type: 'localFailed', id, reason: errorText(cause) })
    }
  }

  #hear(topic: string, from: PeerId, bytes: Uint8Array): void {
    if (topic !== REQUEST_TOPIC) return
    let message: Message
    try {
      message = decodeMessage(bytes)
    } catch {
      // The topic's validator lets nothing through that does not decode; this is for those without one.
      return
    }
    const { body } = message
    if (body.case === 'workRequest') this.#init.heard(from, message)
    else if (body.case === 'workOffer' || (body.case !== undefined && message.block === '')) this.#dispatch({ type: 'gossip', from, body })
  }
}

const RECRUIT_MS = 4_000
const DIAL_MS = 8_000
/** The machine gives a worker up before this. */
const ASSIGNED_MS = 600_000
