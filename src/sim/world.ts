import { certificateBytes } from '../domain/certificate-check.ts'
import type { Conviction } from '../domain/certificate.ts'
import { hashOfCid } from '../domain/ids.ts'
import type { PeerId } from '../domain/ids.ts'
import { CheckQueue } from '../room/check-queue.ts'
import type { Effect, Note, RoomEvent } from '../room/event.ts'
import { reduce } from '../room/reduce.ts'
import { initialState } from '../room/state.ts'
import type { RoomOptions } from '../room/options.ts'
import { isBelievable } from './audit.ts'
import type { Behaviour } from './behaviour.ts'
import { SimDatabase } from './database.ts'
import { altered, answer, ownHash, suppresses } from './engine.ts'
import { SimNetwork } from './network.ts'
import type { Happening, SimNode } from './node.ts'
import { ARCHIVE, Outputs } from './outputs.ts'
import { Rng } from './rng.ts'
import { Schedule } from './schedule.ts'
import { FUEL, sign } from './truth.ts'
import type { Weather } from './weather.ts'

const TICK_MS = 200
const WORK_ITEMS = 64
/** Until an output comes from whoever has it, and until the archive fetches one that it hears of, ms. */
const FETCH_MS = 100
const ARCHIVE_MS = 1_000
/** Where the simulated clock stands at the beginning, ms since the epoch. */
const EPOCH_MS = 1_000_000_000

/** Told of every step. */
export interface Observer {
  /** The state is still what it was. */
  before?(node: SimNode, event: RoomEvent): void
  stepped?(node: SimNode, event: RoomEvent, effects: readonly Effect[]): void
  noted?(node: SimNode, note: Note): void
  /** A host put a certificate into the database. */
  recorded?(node: SimNode, effect: Extract<Effect, { type: 'completed' }>, first: boolean): void
}

/** A whole network in one process. One seed gives one history. */
export class World {
  readonly schedule = new Schedule()
  readonly rng: Rng
  readonly nodes = new Map<PeerId, SimNode>()
  readonly database = new SimDatabase()
  readonly outputs = new Outputs()
  readonly network: SimNetwork
  readonly observers: Observer[] = []
  readonly options: Partial<RoomOptions>
  /** Content address of the one job that a peer looks at; null: all jobs in order. */
  jobOf: (peer: PeerId) => string | null = () => null
  steps = 0
  computed = 0
  verified = 0
  refusals: { culprit: PeerId; reason: string; by: PeerId }[] = []
  convictions: { culprit: PeerId; by: PeerId; proof: Conviction }[] = []

  constructor(seed: number, weather: Weather, options: Partial<RoomOptions> = {}) {
    this.rng = new Rng(seed)
    this.options = options
    this.network = new SimNetwork(this.nodes, this.schedule, this.rng.fork(), weather, (node, what) => this.happen(node, what))
  }

  get now(): number {
    return this.schedule.now
  }

  /** A tab opens and begins to contribute. A name that was here before comes back with its memory gone. */
  join(id: PeerId, behaviour: Behaviour, extra: { skewMs?: number; observer?: boolean } = {}): SimNode {
    const rng = this.rng.fork()
    const skewMs = EPOCH_MS + (extra.skewMs ?? 0)
    const node: SimNode = {
      id,
      behaviour,
      rng,
      alive: true,
      skewMs,
      backlog: null,
      members: new Set(),
      up: new Set(),
      topics: new Map(),
      tentative: new Map(),
      tasks: new Map(),
      checks: new CheckQueue(),
      checking: false,
      seen: 0,
      computed: 0,
      verified: 0,
      busyMs: 0,
      state: initialState({
        self: id,
        seed: rng.bytes(32),
        now: this.now + skewMs,
        options: this.options,
        observer: extra.observer,
        capabilities: { engine: 'cpu', slots: behaviour.slots, customKernels: true },
      }),
    }
    this.nodes.set(id, node)
    this.#refresh(node)
    this.happen(node, { type: 'start' })
    this.#tick(node, rng.between(0, TICK_MS))
    return node
  }

  /** A tab that was gone is opened again, with its key and nothing else. */
  rejoin(id: PeerId, behaviour: Behaviour, skewMs: number, observer: boolean): void {
    if (this.nodes.get(id)?.alive !== true) this.join(id, behaviour, { skewMs: skewMs - EPOCH_MS, observer })
  }

  #tick(node: SimNode, ms: number): void {
    this.schedule.after(ms, () => {
      if (!node.alive) return
      if (node.backlog === null) {
        if (node.rng.chance(TICK_MS / (1 + this.network.weather.databaseMs))) this.#refresh(node)
        this.happen(node, { type: 'tick' })
      }
      this.#tick(node, TICK_MS)
    })
  }

  /** The node's copy of the database catches up. */
  #refresh(node: SimNode): void {
    const job = this.jobOf(node.id)
    const version = this.database.version(job)
    if (node.seen === version) return
    node.seen = version
    this.happen(node, { type: 'standings', passed: this.database.standings(job), convicted: [...this.database.liars] })
    this.happen(node, {
      type: 'work',
      items: this.database.work(this.now, WORK_ITEMS, job).map((item) => ({ ...item, claim: shifted(item.claim, node.skewMs) })),
    })
  }

  /** Gone without a word. */
  crash(node: SimNode): void {
    this.#gone(node, this.network.weather.detectMs)
  }

  /** The tab is closed: it says so, and its connections end at once. */
  close(node: SimNode): void {
    this.happen(node, { type: 'stop', finish: false })
    this.#gone(node, 5)
  }

  #gone(node: SimNode, detectMs: number): void {
    node.alive = false
    node.tasks.clear()
    this.network.forget(node)
    for (const other of this.nodes.values()) if (other.alive && other.members.has(node.id)) this.network.broken(other.id, node.id, detectMs)
  }

  /** Timers stop; what arrives waits and comes all at once afterwards. */
  suspend(node: SimNode, ms: number): void {
    if (node.backlog !== null) return
    node.backlog = []
    this.schedule.after(ms, () => {
      const backlog = node.backlog ?? []
      node.backlog = null
      for (const what of backlog) this.happen(node, what)
    })
  }

  /** One event into one machine, and its effects into the world. */
  happen(node: SimNode, what: Happening): void {
    if (!node.alive) return
    if (node.backlog !== null) {
      node.backlog.push(what)
      return
    }
    if (what.type === 'message' && !isBelievable(what.from, what.message)) return
    const { info } = what.type === 'message' && what.message.body.case === 'result' ? what.message.body.value : {}
    if (info?.hash.length === 32) this.outputs.keep(node.id, info.hash)
    const event = { ...what, now: Math.floor(this.now) + node.skewMs } as RoomEvent
    this.steps++
    for (const observer of this.observers) observer.before?.(node, event)
    const { state, effects } = reduce(node.state, event)
    node.state = state
    if (node.behaviour.disowns) state.said.clear()
    for (const effect of effects) this.#run(node, effect)
    for (const observer of this.observers) observer.stepped?.(node, event, effects)
  }

  #run(node: SimNode, effect: Effect): void {
    switch (effect.type) {
      case 'subscribe':
        return this.network.subscribe(node, effect.topic)
      case 'unsubscribe':
        return this.network.unsubscribe(node, effect.topic)
      case 'publish':
        return this.network.publish(node, effect.topic, effect.message)
      case 'setMembers':
        return this.network.setMembers(node, effect.peers)
      case 'send':
        if (!suppresses(node.behaviour, effect.message)) this.network.send(node, effect.to, altered(node.behaviour, effect.message))
        return
      case 'fetch':
        return this.#fetch(node, effect)
      case 'compute':
        return this.#compute(node, effect)
      case 'cancel':
        node.tasks.delete(taskName(effect))
        return
      case 'verify':
        if (node.behaviour.withholdsReport && node.behaviour.hidesHand) return
        node.checks.add(effect)
        return this.#check(node)
      case 'sign':
        this.schedule.after(1, () =>
          this.happen(node, {
            type: 'signed',
            purpose: effect.purpose,
            bytes: effect.bytes,
            signature: sign(node.id, certificateBytes(effect.bytes)),
          }),
        )
        return
      case 'claim':
        return this.#write(node, () => this.database.claim(node.id, effect.ref, effect.term, effect.lapsesAt - node.skewMs))
      case 'recordPartial':
        this.#archive(effect.results.map(({ result }) => result.hash))
        return this.#write(node, () => this.database.recordPartial(node.id, effect.ref, effect.results))
      case 'completed':
        if (effect.record) {
          this.#archive(effect.certificate.body.chunks.map(({ output }) => hashOfCid(output)))
          this.#write(node, () => {
            const first = this.database.record(effect.certificate)
            for (const observer of this.observers) observer.recorded?.(node, effect, first)
          })
        }
        return
      case 'recordRefusal':
        this.refusals.push({ culprit: effect.culprit, reason: effect.reason, by: node.id })
        return
      case 'recordConviction':
        this.convictions.push({ culprit: effect.culprit, by: node.id, proof: effect.proof })
        return this.#write(node, () => this.database.convict(effect.culprit, effect.proof))
      case 'note':
        for (const observer of this.observers) observer.noted?.(node, effect.note)
    }
  }

  #write(node: SimNode, put: () => void): void {
    this.schedule.after(node.rng.between(5, 40), put)
  }

  #fetch(node: SimNode, { ref, chunk, hash }: Extract<Effect, { type: 'fetch' }>): void {
    this.schedule.after(FETCH_MS, () => {
      if (!this.outputs.isAtHand(hash, this.nodes)) return
      this.outputs.keep(node.id, hash)
      this.happen(node, { type: 'fetched', block: ref.block, microjob: ref.microjob, chunk, hash })
    })
  }

  /** The archive fetches what it hears of, from whoever is still there. */
  #archive(hashes: readonly Uint8Array[]): void {
    this.schedule.after(ARCHIVE_MS, () => {
      for (const hash of hashes) if (this.outputs.isAtHand(hash, this.nodes)) this.outputs.keep(ARCHIVE, hash)
    })
  }

  #compute(node: SimNode, effect: Extract<Effect, { type: 'compute' }>): void {
    if (node.behaviour.hoards) return
    const token = {}
    const name = taskName({ ...effect.ref, chunk: effect.chunk })
    node.tasks.set(name, token)
    const ms = node.behaviour.paceMs * node.rng.between(0.8, 1.3)
    this.schedule.after(ms, () => {
      if (node.tasks.get(name) !== token) return
      node.tasks.delete(name)
      node.computed++
      this.computed++
      node.busyMs += ms
      const { block, microjob } = effect.ref
      const hash = answer(node, effect.chunk)
      this.outputs.keep(node.id, hash)
      const result = { peer: node.id, hash, fuel: FUEL, engine: 'cpu', bytes: 4_096 }
      this.happen(node, { type: 'computed', block, microjob, chunk: effect.chunk, attempt: effect.attempt, result, ms })
    })
  }

  /** The node's reference engine, beside those that compute: one chunk at a time. */
  #check(node: SimNode): void {
    const next = node.checking ? null : node.checks.next(node.state)
    if (next === null) return
    node.checking = true
    const { check, chunk, known } = next
    const ms = known === null ? node.behaviour.paceMs : 0
    this.schedule.after(ms, () => {
      node.checking = false
      if (!node.alive) return
      if (known === null) {
        node.verified++
        this.verified++
      }
      node.busyMs += ms
      const { ref, attempt } = check.effect
      const common = { block: ref.block, microjob: ref.microjob, attempt }
      const isLast = node.checks.done(next, known ?? ownHash(node.behaviour, node.id, chunk))
      this.happen(node, { type: 'checked', ...common, chunk })
      if (isLast) this.happen(node, { type: 'verified', ...common, checked: check.checked })
      this.#check(node)
    })
  }

  /** Runs until `done` says so or until a time, ms. True when it was done. */
  run(untilMs: number, done: () => boolean): boolean {
    let countdown = 0
    while (this.schedule.now <= untilMs) {
      if (countdown-- <= 0) {
        if (done()) return true
        countdown = 64
      }
      if (!this.schedule.step()) return done()
    }
    return done()
  }
}

function shifted<C extends { lapsesAt: number } | null>(claim: C, ms: number): C {
  return claim === null ? claim : { ...claim, lapsesAt: claim.lapsesAt + ms }
}

function taskName({ block, microjob, chunk }: { block: string; microjob: number; chunk: number }): string {
  return `${block}/${microjob}/${chunk}`
}
