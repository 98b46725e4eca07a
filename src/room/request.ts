import type { BlockId, PeerId } from '../domain/ids.ts'
import type { Body, BodyOf } from './message.ts'

/** Topic of single work requests. */
export const REQUEST_TOPIC = 'roomful/requests'

export type WorkRequest = BodyOf<'workRequest'>
export type WorkOffer = BodyOf<'workOffer'>

/** The room for which a host recruits. Its workers are asked to join, not to compute. */
export interface RoomRef {
  block: BlockId
  microjob: number
}

/** One who answered a request. Only these are ever dialled. */
export interface Candidate {
  peer: PeerId
  /** Percent. */
  load: number
  /** ms per chunk; 0 when unknown. */
  paceMs: number
  state: 'waiting' | 'dialling' | 'working' | 'failed'
}

export type RequestOutcome = { kind: 'done'; worker: PeerId; hash: Uint8Array; fuel: number } | { kind: 'refused'; causes: string[] }

/** A request of this node's, from publication to outcome. Plain data. */
export interface OwnRequest {
  request: WorkRequest
  /** The room that looks for a processor; null for a piece of work. */
  room: RoomRef | null
  /** Content address of the job's manifest, and the chunk of it that is to be computed. */
  job: string
  chunk: number
  phase: 'gathering' | 'trying' | 'local' | 'over'
  candidates: Candidate[]
  /** Until when offers are gathered, or the present worker may take. */
  until: number
  causes: string[]
}

/** What a node knows of single work requests. */
export interface RequestState {
  self: PeerId
  now: number
  /** The local engine can compute as a last resort. */
  local: boolean
  gatherMs: number
  own: OwnRequest[]
  /** Failures and timeouts of each peer so far: they lower its rank. */
  failures: Record<PeerId, number>
  /** Outcomes heard, newest last; everybody who listens agrees on them. */
  outcomes: { id: string; requester: PeerId; outcome: RequestOutcome }[]
}

export type RequestEvent = { now: number } & (
  | { type: 'tick' }
  | { type: 'request'; request: WorkRequest; job: string; chunk: number; room: RoomRef | null }
  /** The requester wants it no longer. */
  | { type: 'cancel'; id: string; reason: string }
  | { type: 'gossip'; from: PeerId; body: Body }
  /** The answer to a `dial` effect. */
  | { type: 'dialled'; id: string; peer: PeerId; ok: boolean; reason: string }
  /** On a wire; its data, if any, hashes to what it says. */
  | { type: 'reply'; from: PeerId; reply: BodyOf<'workReply'> }
  | { type: 'localDone'; id: string; hash: Uint8Array; fuel: number }
  | { type: 'localFailed'; id: string; reason: string }
)

export type RequestEffect =
  /** `room` names the envelope's block and microjob; null leaves it empty. */
  | { type: 'publish'; body: Body; room: RoomRef | null }
  | { type: 'dial'; id: string; peer: PeerId }
  | { type: 'assign'; to: PeerId; body: BodyOf<'workAssigned'>; room: RoomRef | null }
  | { type: 'computeLocally'; id: string; job: string; chunk: number }
  | { type: 'outcome'; id: string; requester: PeerId; outcome: RequestOutcome }

const MAX_CANDIDATES = 64
const MAX_OUTCOMES = 256
/** Requests of one node's at a time. */
export const MAX_OWN_REQUESTS = 64
const MAX_FAILURES = 256

export function initialRequests(self: PeerId, local: boolean, gatherMs = 400): RequestState {
  return { self, now: 0, local, gatherMs, own: [], failures: {}, outcomes: [] }
}

/** One step of single work requests. Consumes `state` and returns it changed; never throws. */
export function reduceRequest(state: RequestState, event: RequestEvent): { state: RequestState; effects: RequestEffect[] } {
  const effects: RequestEffect[] = []
  state.now = Math.max(state.now, event.now)
  const find = (id: string): OwnRequest | undefined => state.own.find((own) => own.request.id === id && own.phase !== 'over')
  switch (event.type) {
    case 'request':
      if (find(event.request.id) !== undefined || state.own.length >= MAX_OWN_REQUESTS) break
      state.own.push({
        request: event.request,
        room: event.room,
        job: event.job,
        chunk: event.chunk,
        phase: 'gathering',
        candidates: [],
        until: state.now + state.gatherMs,
        causes: [],
      })
      effects.push({ type: 'publish', body: { case: 'workRequest', value: event.request }, room: event.room })
      break
    case 'cancel': {
      const own = find(event.id)
      if (own !== undefined) finish(state, effects, own, { kind: 'refused', causes: [...own.causes, event.reason] })
      break
    }
    case 'gossip':
      hear(state, effects, event.from, event.body)
      break
    case 'dialled': {
      const own = find(event.id)
      const candidate = own?.candidates.find(({ peer, state: at }) => peer === event.peer && at === 'dialling')
      if (own === undefined || candidate === undefined) break
      if (!event.ok) fail(state, effects, own, candidate, `could not be reached: ${event.reason}`)
      else {
        candidate.state = 'working'
        own.until = state.now + own.request.deadlineMs
        effects.push({ type: 'assign', to: candidate.peer, body: { id: event.id, job: own.job, chunk: own.chunk }, room: own.room })
      }
      break
    }
    case 'reply': {
      const own = find(event.reply.id)
      const candidate = own?.candidates.find(({ peer, state: at }) => peer === event.from && at === 'working')
      if (own === undefined || candidate === undefined) break
      if (event.reply.error !== '') fail(state, effects, own, candidate, event.reply.error)
      else if (own.room === null && event.reply.hash.length !== 32) fail(state, effects, own, candidate, 'answered without a result')
      else finish(state, effects, own, { kind: 'done', worker: event.from, hash: event.reply.hash, fuel: event.reply.fuel })
      break
    }
    case 'localDone': {
      const own = find(event.id)
      if (own?.phase === 'local') finish(state, effects, own, { kind: 'done', worker: state.self, hash: event.hash, fuel: event.fuel })
      break
    }
    case 'localFailed': {
      const own = find(event.id)
      if (own?.phase === 'local') finish(state, effects, own, { kind: 'refused', causes: [...own.causes, `this node: ${event.reason}`] })
      break
    }
    case 'tick':
      for (const own of state.own) tick(state, effects, own)
  }
  state.own = state.own.filter(({ phase }) => phase !== 'over')
  return { state, effects }
}

function tick(state: RequestState, effects: RequestEffect[], own: OwnRequest): void {
  if (state.now < own.until || own.phase === 'local' || own.phase === 'over') return
  if (own.phase === 'gathering') {
    own.phase = 'trying'
    if (own.candidates.length === 0) own.causes.push('nobody offered to do it')
    return tryNext(state, effects, own)
  }
  const busy = own.candidates.find(({ state: at }) => at === 'working' || at === 'dialling')
  if (busy !== undefined) fail(state, effects, own, busy, `did not answer within ${own.request.deadlineMs} ms`)
}

function hear(state: RequestState, effects: RequestEffect[], from: PeerId, body: Body): void {
  if (body.case === 'workOffer') {
    const own = state.own.find(({ request }) => request.id === body.value.id)
    if (
      own === undefined ||
      from === state.self ||
      own.candidates.length >= MAX_CANDIDATES ||
      own.candidates.some(({ peer }) => peer === from)
    )
      return
    own.candidates.push({ peer: from, load: body.value.load, paceMs: body.value.paceMs, state: 'waiting' })
  } else if (body.case === 'workDone') {
    conclude(state, effects, body.value.id, from, { kind: 'done', worker: body.value.worker, hash: body.value.hash, fuel: 0 })
  } else if (body.case === 'workRefused') {
    conclude(state, effects, body.value.id, from, { kind: 'refused', causes: [body.value.reason] })
  }
}

/** Least loaded, then fastest (unknown last), then fewest failures; peers who failed before come after all others of equal load. */
export function rank(state: Pick<RequestState, 'failures'>, candidates: readonly Candidate[]): Candidate[] {
  const pace = ({ paceMs }: Candidate): number => (paceMs > 0 ? paceMs : Infinity)
  const failures = ({ peer }: Candidate): number => state.failures[peer] ?? 0
  // A timeout costs as much as a whole engine's load: whoever fails again and again falls behind the busy.
  const cost = (entry: Candidate): number => entry.load + 100 * failures(entry)
  return [...candidates].sort(
    (a, b) => cost(a) - cost(b) || (pace(a) === pace(b) ? 0 : pace(a) - pace(b)) || failures(a) - failures(b) || (a.peer < b.peer ? -1 : 1),
  )
}

/** Exactly one worker at a time, and nobody twice. */
function tryNext(state: RequestState, effects: RequestEffect[], own: OwnRequest): void {
  const [next] = rank(
    state,
    own.candidates.filter(({ state: at }) => at === 'waiting'),
  )
  if (next !== undefined) {
    next.state = 'dialling'
    own.until = state.now + own.request.deadlineMs
    effects.push({ type: 'dial', id: own.request.id, peer: next.peer })
  } else if (state.local && own.room === null) {
    own.phase = 'local'
    effects.push({ type: 'computeLocally', id: own.request.id, job: own.job, chunk: own.chunk })
  } else {
    const causes = own.room === null ? [...own.causes, 'this node: cannot compute it either'] : own.causes
    finish(state, effects, own, { kind: 'refused', causes })
  }
}

function fail(state: RequestState, effects: RequestEffect[], own: OwnRequest, candidate: Candidate, reason: string): void {
  candidate.state = 'failed'
  state.failures[candidate.peer] = (state.failures[candidate.peer] ?? 0) + 1
  const [oldest] = Object.keys(state.failures)
  if (oldest !== undefined && Object.keys(state.failures).length > MAX_FAILURES) delete state.failures[oldest]
  own.causes.push(`${candidate.peer}: ${reason}`)
  tryNext(state, effects, own)
}

function finish(state: RequestState, effects: RequestEffect[], own: OwnRequest, outcome: RequestOutcome): void {
  own.phase = 'over'
  const { id } = own.request
  effects.push({
    type: 'publish',
    body:
      outcome.kind === 'done'
        ? { case: 'workDone', value: { id, worker: outcome.worker, hash: outcome.hash } }
        : { case: 'workRefused', value: { id, reason: outcome.causes.join('; ').slice(0, 500) } },
    room: own.room,
  })
  conclude(state, effects, id, state.self, outcome)
}

/** The requester's first word about its own request counts, for everybody who listens. */
function conclude(state: RequestState, effects: RequestEffect[], id: string, requester: PeerId, outcome: RequestOutcome): void {
  if (state.outcomes.some((entry) => entry.id === id && entry.requester === requester)) return
  state.outcomes.push({ id, requester, outcome })
  if (state.outcomes.length > MAX_OUTCOMES) state.outcomes.shift()
  effects.push({ type: 'outcome', id, requester, outcome })
}
