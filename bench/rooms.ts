import { cidOfValue } from '../src/domain/ids.ts'
import { HONEST } from '../src/sim/behaviour.ts'
import { CALM } from '../src/sim/weather.ts'
import { World } from '../src/sim/world.ts'

/**
 * Many rooms at once, by simulation: messages and bytes per chunk, and the time from a node's arrival to its place in
 * a room. Ten nodes come for each job, which is one room; `--rooms 10,100,1000` chooses other sizes.
 */
const NODES_PER_ROOM = 10
const CHUNKS = 60
const ARRIVAL_MS = 5_000

interface Row {
  nodes: number
  rooms: number
  messagesPerChunk: number
  gossipPerChunk: number
  bytesPerChunk: number
  /** ms from arrival to membership, median and 95th percentile. */
  formMedianMs: number
  formP95Ms: number
  /** ms between two chunks of one processor with nothing to compute, mean over all chunks. */
  idleMs: number
  simulatedMs: number
  wallSeconds: number
}

function measure(rooms: number): Row {
  const started = process.hrtime.bigint()
  const world = new World(rooms, { ...CALM, databaseMs: 1_000 })
  // A sample does where there are many; its step has no rhythm in common with anything.
  world.network.weighOneIn = rooms <= 10 ? 1 : 97
  const jobs = Array.from({ length: rooms }, (_, i) => cidOfValue(`job ${i}`))
  jobs.forEach((_, i) =>
    world.database.addJob(
      `job ${i}`,
      { chunks: CHUNKS, chunksPerMicrojob: 10, microjobsPerBlock: 10, capacity: 11, deadlineMs: 20_000, credibleAfter: 10 },
      i * CHUNKS,
    ),
  )
  const nodes = rooms * NODES_PER_ROOM
  const arrived = new Map<string, number>()
  const formed: number[] = []
  const lastChunk = new Map<string, number>()
  let idle = 0
  world.jobOf = (peer) => jobs[Number(peer.slice(1)) % rooms]!
  world.observers.push({
    noted(node, { kind }) {
      const at = arrived.get(node.id)
      if (at === undefined || (kind !== 'joined' && kind !== 'opened')) return
      formed.push(world.now - at)
      arrived.delete(node.id)
    },
    stepped(node, event, effects) {
      const begins = effects.some(({ type }) => type === 'compute')
      const since = lastChunk.get(node.id)
      if (begins && since !== undefined) {
        idle += world.now - since
        lastChunk.delete(node.id)
      }
      if (event.type === 'computed' && !begins && node.state.inHand.length === 0) lastChunk.set(node.id, world.now)
    },
  })
  for (let i = 0; i < nodes; i++) {
    const id = `n${String(i).padStart(5, '0')}`
    world.schedule.after(world.rng.below(ARRIVAL_MS), () => {
      arrived.set(id, world.now)
      world.join(id, { ...HONEST, paceMs: 400 })
    })
  }
  if (!world.run(600_000, () => world.database.complete === world.database.entries.size))
    throw new Error(`only ${world.database.complete} of ${world.database.entries.size} microjobs were completed`)
  formed.sort((a, b) => a - b)
  const chunks = rooms * CHUNKS
  return {
    nodes,
    rooms,
    messagesPerChunk: round(world.network.messages / chunks),
    gossipPerChunk: round(world.network.gossip / chunks),
    bytesPerChunk: Math.round(world.network.bytes / chunks),
    formMedianMs: Math.round(formed[formed.length >> 1] ?? 0),
    formP95Ms: Math.round(formed[Math.floor(formed.length * 0.95)] ?? 0),
    idleMs: round(idle / chunks),
    simulatedMs: Math.round(world.now),
    wallSeconds: round(Number(process.hrtime.bigint() - started) / 1e9),
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

const at = process.argv.indexOf('--rooms')
const sizes = (at === -1 ? '10,1000' : process.argv[at + 1]!).split(',').map(Number)
const rows = sizes.map(measure)
if (process.argv.includes('--json')) console.log(JSON.stringify(rows))
else console.table(rows)
