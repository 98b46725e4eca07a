import { holds, certificateBytes } from '../domain/certificate-check.ts'
import { replyBytes, statementBytes } from '../domain/certificate.ts'
import type { Certificate } from '../domain/certificate.ts'
import { equalBytes } from '../domain/bytes.ts'
import { cidOfHash, decodeCanonical } from '../domain/ids.ts'
import type { PeerId } from '../domain/ids.ts'
import { MAX_CHUNK_OUTPUT_BYTES } from '../domain/plan.ts'
import type { Bulk } from '../net/bulk.ts'
import type { Effect, Note, RoomEvent } from '../room/event.ts'
import { INLINE_LIMIT } from '../room/limits.ts'
import { authorOf, decodeMessage, encodeMessage } from '../room/message.ts'
import type { Message } from '../room/message.ts'
import type { BlockStore, Clock, PubSub, Signer, Transport, Unsubscribe } from '../room/ports.ts'
import { reduce } from '../room/reduce.ts'
import type { RoomState } from '../room/state.ts'
import { digest } from '../store/digest.ts'
import { OutputCache } from './output-cache.ts'

const TICK_MS = 200
/** Members' messages waiting behind a slow one, per member; above it the newest are dropped and come again. */
const INBOX_LIMIT = 1_024

/** Effects that belong to other parts of the node. */
export interface RunnerHandlers {
  compute(effect: Extract<Effect, { type: 'compute' }>): void
  cancel(effect: Extract<Effect, { type: 'cancel' }>): void
  verify(effect: Extract<Effect, { type: 'verify' }>): void
  /** Claims, partial results, certificates, refusals and convictions, for the database and the ledger. */
  record(effect: Extract<Effect, { type: 'claim' | 'recordPartial' | 'completed' | 'recordRefusal' | 'recordConviction' }>): void
  note(note: Note): void
  changed(): void
  /** Something here, or in a handler, threw: the room goes on without it. */
  failed(cause: unknown): void
}

export interface RunnerComponents {
  transport: Transport
  pubsub: PubSub
  blocks: BlockStore
  signer: Signer
  /** Between members, for outputs above the inline limit. */
  bulk: Pick<Bulk, 'fetch' | 'serve'>
  clock: Clock
}

type WithoutNow<E> = E extends unknown ? Omit<E, 'now'> : never

/** Drives the room machine: turns what happens into events, and effects into calls on ports. The only place that does. */
export class RoomRunner {
  state: RoomState
  readonly outputs: OutputCache
  readonly #parts: RunnerComponents
  readonly #handlers: RunnerHandlers
  readonly #queue: RoomEvent[] = []
  readonly #inbox = new Map<PeerId, Uint8Array[]>()
  readonly #ends: Unsubscribe[] = []
  #running = false
  #stopped = false
  /** A broadcast encodes once: its effects share one message. */
  #encoded: { message: Message; bytes: Uint8Array } | null = null
  #malformed = 0

  constructor(state: RoomState, parts: RunnerComponents, handlers: RunnerHandlers) {
    this.state = state
    this.#parts = parts
    this.#handlers = handlers
    this.outputs = new OutputCache(parts.blocks)
    parts.bulk.serve(async (cid, to) =>
      this.state.room?.members.some(({ peer }) => peer === to) ? (this.outputs.peek(cid) ?? null) : null,
    )
    this.#ends.push(
      parts.transport.onMessage((from, bytes) => this.#receive(from, bytes)),
      parts.transport.onConnection((peer, up) => this.dispatch({ type: 'connection', peer, up })),
      parts.pubsub.onMessage((topic, from, bytes) => this.#hear(topic, from, bytes)),
    )
    this.#tick()
  }

  /** Messages that were none of ours, by any sender. */
  get malformed(): number {
    return this.#malformed
  }

  dispatch(event: WithoutNow<RoomEvent>): void {
    if (this.#stopped) return
    this.#queue.push({ ...event, now: this.#parts.clock.now() } as RoomEvent)
    if (this.#running) return
    this.#running = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        const event = next
        this.#try(() => {
          const { state, effects } = reduce(this.state, event)
          this.state = state
          for (const effect of effects) this.#try(() => this.#run(effect))
        })
        this.#encoded = null
      }
    } finally {
      this.#running = false
    }
    this.#try(() => this.#handlers.changed())
  }

  /** What fails takes nothing else with it: neither the rest of a step, nor the clock, nor a member's next messages. */
  #try(action: () => void): void {
    try {
      action()
    } catch (cause) {
      this.#handlers.failed(cause)
    }
  }

  stop(): void {
    this.dispatch({ type: 'stop', finish: false })
    this.#stopped = true
    for (const end of this.#ends) end()
  }

  #tick(): void {
    const end = this.#parts.clock.after(TICK_MS, () => {
      if (this.#stopped) return
      this.#ends.splice(this.#ends.indexOf(end), 1)
      this.dispatch({ type: 'tick' })
      this.#tick()
    })
    this.#ends.push(end)
  }

  #run(effect: Effect): void {
    const { transport, pubsub } = this.#parts
    switch (effect.type) {
      case 'subscribe':
        return pubsub.subscribe(effect.topic)
      case 'unsubscribe':
        return pubsub.unsubscribe(effect.topic)
      case 'publish':
        return pubsub.publish(effect.topic, encodeMessage(effect.message))
      case 'setMembers':
        return transport.setMembers(effect.peers)
      case 'send':
        return this.#send(effect.to, effect.message)
      case 'sign':
        return void this.#sign(effect)
      case 'compute':
        return this.#handlers.compute(effect)
      case 'fetch':
        return void this.#fetchOutput(effect)
      case 'cancel':
        return this.#handlers.cancel(effect)
      case 'verify':
        return this.#handlers.verify(effect)
      case 'note':
        return this.#handlers.note(effect.note)
      default:
        return this.#handlers.record(effect)
    }
  }

  #send(to: PeerId, message: Message): void {
    if (this.#encoded?.message !== message) this.#encoded = { message, bytes: encodeMessage(this.#withData(message)) }
    try {
      this.#parts.transport.send(to, this.#encoded.bytes)
    } catch {
      // The membership changed within this step: the machine no longer counts on this peer.
    }
  }

  /** Attaches the output to a result when it is at hand and fits; otherwise whoever wants it fetches it. */
  #withData(message: Message): Message {
    const { body } = message
    if (body.case !== 'result' || body.value.info === undefined) return message
    const data = this.outputs.peek(cidOfHash(body.value.info.hash))
    if (data === undefined || data.length > INLINE_LIMIT) return message
    return { ...message, body: { case: 'result', value: { ...body.value, data } } }
  }

  async #fetchOutput({ ref, chunk, hash }: Extract<Effect, { type: 'fetch' }>): Promise<void> {
    if (await this.#fetch(hash)) this.dispatch({ type: 'fetched', block: ref.block, microjob: ref.microjob, chunk, hash })
  }

  async #sign(effect: Extract<Effect, { type: 'sign' }>): Promise<void> {
    const signature = await this.#parts.signer.sign(certificateBytes(effect.bytes))
    this.dispatch({ type: 'signed', purpose: effect.purpose, bytes: effect.bytes, signature })
  }

  #hear(topic: string, from: PeerId, bytes: Uint8Array): void {
    const message = this.#decode(bytes)
    if (message !== null) this.dispatch({ type: 'gossip', topic, from, message })
  }

  #decode(bytes: Uint8Array): Message | null {
    try {
      return decodeMessage(bytes)
    } catch {
      this.#malformed++
      return null
    }
  }

  /** In order per peer, although some messages need a moment before they can be believed. */
  #receive(from: PeerId, bytes: Uint8Array): void {
    const waiting = this.#inbox.get(from)
    if (waiting !== undefined) {
      if (waiting.length < INBOX_LIMIT) waiting.push(bytes)
      return
    }
    const message = this.#decode(bytes)
    if (message === null) return
    if (!needsTime(message)) return this.dispatch({ type: 'message', from, message })
    const inbox: Uint8Array[] = []
    this.#inbox.set(from, inbox)
    void this.#hearOut(from, message, inbox)
  }

  async #hearOut(from: PeerId, first: Message, inbox: Uint8Array[]): Promise<void> {
    for (let message: Message | null = first; ; message = this.#decode(inbox.shift()!)) {
      if (message !== null) {
        const believed = this.#believe(from, message)
        // A fetch may take long, and nothing that follows depends on it.
        if (!lacksData(message)) await believed
      }
      if (inbox.length === 0) break
    }
    this.#inbox.delete(from)
  }

  async #believe(from: PeerId, message: Message): Promise<void> {
    if (lacksData(message) && !(await this.#fetch(message.body.value.info?.hash, from))) {
      // Whoever says that it has the data does not give it.
      return this.dispatch({ type: 'requestFailed', peer: from })
    }
    if (await this.#isSound(from, message).catch(() => false)) this.dispatch({ type: 'message', from, message: withoutData(message) })
    else this.#malformed++
  }

  async #isSound(from: PeerId, message: Message): Promise<boolean> {
    const { body } = message
    const author = authorOf(from, message)
    if (body.case === 'result') return body.value.data === undefined || this.#keep(body.value.info?.hash, body.value.data)
    if (body.case === 'verifierReport') {
      return this.#parts.signer.verify(author, certificateBytes(body.value.body), body.value.signature)
    }
    if (body.case === 'reveal')
      return this.#parts.signer.verify(author, certificateBytes(statementBytes(body.value.statement)), body.value.signature)
    if (body.case === 'checkReply') {
      const { statement, chunk, hash, signature } = body.value
      return this.#parts.signer.verify(author, certificateBytes(replyBytes(statement, chunk, hash)), signature)
    }
    if (body.case === 'completed') {
      return holds(decodeCanonical(body.value.certificate) as Certificate, (peer, bytes, signature) =>
        this.#parts.signer.verify(peer, bytes, signature),
      )
    }
    return true
  }

  /**
   * A result counts here only once its output is: fetched, or inside the message.
   * @param from a member that says that it has it; wherever it may be otherwise
   */
  async #fetch(hash: Uint8Array | undefined, from?: PeerId): Promise<boolean> {
    if (hash?.length !== 32) return false
    const signal = AbortSignal.timeout(FETCH_MS)
    try {
      if (from !== undefined && (await this.#fetchFrom(from, hash, signal))) return true
      await this.outputs.get(cidOfHash(hash), signal)
      return true
    } catch {
      return false
    }
  }

  /** Straight from a member that has it in memory. False where something else has to be tried. */
  async #fetchFrom(peer: PeerId, hash: Uint8Array, signal: AbortSignal): Promise<boolean> {
    const cid = cidOfHash(hash)
    if (this.outputs.peek(cid) !== undefined || (await this.#parts.blocks.has(cid))) return false
    const patience = AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS / 2)])
    return this.#parts.bulk.fetch(peer, cid, { maxBytes: MAX_CHUNK_OUTPUT_BYTES, signal: patience }).then(
      (data) => this.#keep(hash, data),
      () => false,
    )
  }

  async #keep(hash: Uint8Array | undefined, data: Uint8Array): Promise<boolean> {
    if (hash === undefined || !equalBytes(await digest(data), hash)) return false
    this.outputs.put(cidOfHash(hash), data)
    return true
  }
}

const FETCH_MS = 30_000

/** A result whose output has to be fetched. */
function lacksData(message: Message): message is Message & { body: { case: 'result' } } {
  return message.body.case === 'result' && message.body.value.data === undefined
}

function needsTime({ body }: Message): boolean {
  if (body.case === 'reveal') return body.value.signature.length > 0
  return body.case === 'result' || body.case === 'verifierReport' || body.case === 'checkReply' || body.case === 'completed'
}

/** The machine never sees outputs: they are in the block store. */
function withoutData(message: Message): Message {
  const { body } = message
  if (body.case !== 'result' || body.value.data === undefined) return message
  return { ...message, body: { case: 'result', value: { ...body.value, data: undefined } } }
}
