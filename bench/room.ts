import { cidOfValue } from '../src/domain/ids.ts'
import { blockCid } from '../src/domain/job.ts'
import type { Message } from '../src/room/message.ts'
import { reduce } from '../src/room/reduce.ts'
import { initialState } from '../src/room/state.ts'
import type { RoomState, WorkItem } from '../src/room/state.ts'
import type { Effect, RoomEvent } from '../src/room/event.ts'

/** How many chunks a second one host grants and takes results for, on the pure machine and one core. */
const MEMBERS = 10
const CHUNKS_PER_MICROJOB = Number(option('--chunks') ?? 10)
const PASSES = Number(option('--passes') ?? 400)
/** Passes before the clock runs: a room lives long enough for its code to be compiled. */
const WARM_UP = 200
const NOW = 1_000_000

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at === -1 ? undefined : process.argv[at + 1]
}

const job = cidOfValue('bench')
const kernel = cidOfValue('kernel')
const items: WorkItem[] = Array.from({ length: 12 }, (_, i) => ({
  ref: { job, block: blockCid(job, 0), blockIndex: 0, microjob: i, firstChunk: i * CHUNKS_PER_MICROJOB, chunkCount: CHUNKS_PER_MICROJOB },
  capacity: 11,
  deadlineMs: 20_000,
  chunksPerCheck: 10,
  credibleAfter: 10,
  kernel,
  claim: null,
  results: [],
  certificates: 0,
}))

function step(state: RoomState, event: RoomEvent): { state: RoomState; effects: Effect[] } {
  return reduce(state, event)
}

/** A host with its members, all of whom have committed to every microjob. */
function makeHost(): RoomState {
  let state = initialState({
    self: 'host',
    seed: new Uint8Array(32),
    now: NOW,
    capabilities: { engine: 'cpu', slots: 1, customKernels: true },
  })
  const happen = (event: RoomEvent): void => void ({ state } = step(state, event))
  happen({ type: 'work', now: NOW, items })
  happen({ type: 'start', now: NOW })
  for (const ms of [1_200, 1_400, 2_100]) happen({ type: 'tick', now: NOW + ms })
  const now = state.now
  happen({ type: 'pause', now })
  for (let i = 0; i < MEMBERS; i++) {
    const value = {
      peer: `member${i}`,
      capabilities: { engine: 'cpu', slots: 1, kernels: [], customKernels: true },
      load: 0,
      commitment: new Uint8Array(32).fill(i),
      observer: false,
      session: 1,
    }
    const { block, microjob } = items[0]!.ref
    happen({
      type: 'gossip',
      now,
      topic: `jobprocessing_${block}_${microjob}`,
      from: `member${i}`,
      message: { block, microjob, term: 0, body: { case: 'joinRequest', value } },
    })
  }
  happen({ type: 'resume', now })
  for (let i = 0; i < MEMBERS; i++) {
    for (const { ref } of state.room?.rounds ?? []) {
      happen({
        type: 'message',
        now,
        from: `member${i}`,
        message: {
          block: ref.block,
          microjob: ref.microjob,
          term: 1,
          body: { case: 'commit', value: { commitment: new Uint8Array(32).fill(i), epoch: 0 } },
        },
      })
    }
  }
  if (state.room?.members.length !== MEMBERS + 1) throw new Error(`the room has ${state.room?.members.length} of ${MEMBERS + 1} members`)
  return state
}

/** Grants and takes results until all but the last chunk of each microjob are in; returns the number of cycles. */
function pass(start: RoomState): number {
  let state = start
  let cycles = 0
  let events = 0
  const left = new Map<string, number>(items.map(({ ref }) => [`${ref.block} ${ref.microjob}`, ref.chunkCount - 1]))
  const opened: Extract<Effect, { type: 'send' }>[] = []
  const pending: { from: string; message: Message; chunk: number }[] = []
  const happen = (from: string, message: Message): void => {
    const result = step(state, { type: 'message', now: start.now + events++ / 100, from, message })
    state = result.state
    for (const effect of result.effects) {
      if (effect.type !== 'send') continue
      // A microjob that opens meanwhile is committed to first.
      if (effect.message.body.case === 'successor') opened.push(effect)
      if (effect.message.body.case !== 'chunkGrant') continue
      for (const chunk of effect.message.body.value.chunks) pending.push({ from: effect.to, message: effect.message, chunk })
    }
  }
  const commit = (): void => {
    for (let next = opened.shift(); next !== undefined; next = opened.shift()) {
      happen(next.to, { ...next.message, body: { case: 'commit', value: { commitment: new Uint8Array(32), epoch: 0 } } })
    }
  }
  const ask = (from: string): void => happen(from, { ...items[0]!.ref, term: 1, body: { case: 'chunkRequest', value: { want: 1 } } })
  for (let i = 0; i < MEMBERS; i++) ask(`member${i}`)
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    const { from, message, chunk } = next
    const key = `${message.block} ${message.microjob}`
    if (left.get(key) === 0) continue
    left.set(key, left.get(key)! - 1)
    happen(from, {
      block: message.block,
      microjob: message.microjob,
      term: 1,
      body: {
        case: 'result',
        value: {
          info: { chunk, peer: from, hash: new Uint8Array(32), fuel: 1, engine: 'cpu', bytes: 4 },
          attempt: 1,
          ms: 400,
          data: undefined,
        },
      },
    })
    commit()
    ask(from)
    cycles++
  }
  return cycles
}

const host = makeHost()
const snapshots = Array.from({ length: PASSES + WARM_UP }, () => structuredClone(host))
for (const snapshot of snapshots.splice(0, WARM_UP)) pass(snapshot)
const started = process.hrtime.bigint()
const before = process.cpuUsage()
let cycles = 0
for (const snapshot of snapshots) cycles += pass(snapshot)
const seconds = Number(process.hrtime.bigint() - started) / 1e9
const { user, system } = process.cpuUsage(before)
const cpuSeconds = (user + system) / 1e6
const report = {
  members: MEMBERS,
  microjobs: items.length,
  chunksPerMicrojob: CHUNKS_PER_MICROJOB,
  cycles,
  seconds,
  cpuSeconds,
  cyclesPerSecond: Math.round(cycles / seconds),
  cyclesPerCpuSecond: Math.round(cycles / cpuSeconds),
}
console.log(process.argv.includes('--json') ? JSON.stringify(report) : report)
