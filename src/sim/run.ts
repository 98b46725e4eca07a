import { equalBytes } from '../domain/bytes.ts'
import { hashOfCid } from '../domain/ids.ts'
import type { PeerId } from '../domain/ids.ts'
import { roomTopic } from '../domain/job.ts'
import type { RoomEvent, Effect } from '../room/event.ts'
import { auditCertificate } from './audit.ts'
import { isHonest } from './behaviour.ts'
import { applyFault } from './faults.ts'
import { brokenInvariants } from './invariants.ts'
import type { SimNode } from './node.ts'
import { startRogue } from './rogue.ts'
import type { Scenario } from './scenario.ts'
import { rightHash } from './truth.ts'
import { World } from './world.ts'

/** How a history ended. Times in ms of simulated time, other figures are counts. */
export interface Outcome {
  seed: number
  level: number
  violations: string[]
  simulatedMs: number
  steps: number
  messages: number
  chunks: number
  computed: number
  verified: number
  microjobs: number
  complete: number
  /** Wrong chunks that were certified: what sampling lets through. */
  escaped: number
  /** Certificates beyond the first of a microjob. */
  repeated: number
  hostChanges: number
}

export interface RunOptions {
  stepped?: (world: World, node: SimNode, event: RoomEvent, effects: readonly Effect[]) => void
}

/** Two hosts of one microjob in one term that hear each other for this long are one too many. */
const RIVALS_MS = 30_000
/** Time after the last microjob in which everybody must have left its room. */
const FAREWELL_MS = 20_000
const MAX_VIOLATIONS = 5

/** Lives one history through and checks it after every step. */
export function runScenario(scenario: Scenario, options: RunOptions = {}): Outcome {
  const world = new World(scenario.seed, scenario.weather)
  const violations: string[] = []
  const violate = (what: string): void => {
    if (violations.length < MAX_VIOLATIONS && !violations.includes(what)) violations.push(what)
  }
  let firstChunk = 0
  scenario.jobs.forEach((shape, i) => {
    world.database.addJob(`job ${i}`, shape, firstChunk)
    firstChunk += shape.chunks
  })
  const strictly = scenario.nodes.every(({ behaviour }) => (behaviour.lies === 0 || behaviour.lies === 1) && behaviour.accomplice === '')
  let escaped = 0
  let hostChanges = 0
  world.observers.push({
    stepped(node, event, effects) {
      for (const what of brokenInvariants(node.state, effects))
        violate(`${what} (${node.id} at ${Math.floor(world.now)} ms, ${event.type})`)
      options.stepped?.(world, node, event, effects)
    },
    noted(_node, note) {
      if (note.kind === 'hostChanged') hostChanges++
    },
    recorded(node, { certificate, ref }, first) {
      for (const what of auditCertificate(certificate)) violate(`certificate of ${node.id}: ${what}`)
      const ids = certificate.body.chunks.map(({ chunk }) => chunk)
      if (ids.length !== ref.chunkCount || ids.some((id, i) => id !== ref.firstChunk + i))
        violate(`certificate of other chunks by ${node.id}`)
      if (!first) return
      const wrong = certificate.body.chunks.filter(({ chunk, output }) => !equalBytes(hashOfCid(output), rightHash(chunk))).length
      escaped += wrong
      if (strictly && wrong > 0) violate(`${wrong} wrong chunks were certified by ${node.id}`)
    },
  })
  for (const { id, at, behaviour, skewMs, observer } of scenario.nodes) {
    world.schedule.after(at, () => startRogue(world, world.join(id, behaviour, { skewMs, observer })))
  }
  for (const fault of scenario.faults) world.schedule.after(fault.at, () => applyFault(world, fault))
  watchHosts(world, violate)
  const { database } = world
  const done = (): boolean => database.complete === database.entries.size || violations.length >= MAX_VIOLATIONS
  const finished = world.run(scenario.untilMs, done)
  const simulatedMs = Math.round(world.now)
  if (!finished)
    violate(`${database.entries.size - database.complete} of ${database.entries.size} microjobs are not complete after ${simulatedMs} ms`)
  else if (violations.length === 0) {
    const still = (): SimNode[] =>
      [...world.nodes.values()].filter(
        (node) => node.alive && node.backlog === null && node.state.room !== null && isHonest(node.behaviour),
      )
    world.run(Math.max(world.now, ...scenario.faults.map(({ at }) => at)) + FAREWELL_MS, () => false)
    world.run(world.now + 200_000, () => still().length === 0)
    const left = still()
    if (left.length > 0) violate(`${left.map(({ id }) => id).join(', ')} never left the room when nothing was left to do`)
  }
  return {
    seed: scenario.seed,
    level: scenario.level,
    violations,
    simulatedMs,
    steps: world.steps,
    messages: world.network.messages + world.network.gossip,
    chunks: firstChunk,
    computed: world.computed,
    verified: world.verified,
    microjobs: database.entries.size,
    complete: database.complete,
    escaped,
    repeated: database.repeated,
    hostChanges,
  }
}

/** Once a second: at most one live host a microjob and term, among those who hear each other. */
function watchHosts(world: World, violate: (what: string) => void): void {
  const since = new Map<string, number>()
  const look = (): void => {
    const seen = new Set<string>()
    const hosts = new Map<string, { term: number; node: SimNode }[]>()
    for (const node of world.nodes.values()) {
      const { room } = node.state
      if (!node.alive || node.backlog !== null || room === null || room.host !== node.id) continue
      for (const { ref } of room.rounds) {
        const topic = roomTopic(ref)
        const others = hosts.get(topic) ?? []
        for (const other of others) {
          if (other.term === room.term && hear(world, other.node.id, node.id))
            seen.add([topic, room.term, ...[other.node.id, node.id].sort()].join(' '))
        }
        hosts.set(topic, [...others, { term: room.term, node }])
      }
    }
    for (const pair of seen) if (!since.has(pair)) since.set(pair, world.now)
    for (const [pair, at] of since) {
      if (!seen.has(pair)) since.delete(pair)
      else if (world.now - at > RIVALS_MS) violate(`two live hosts of one microjob in one term: ${pair.split(' ').slice(1).join(' ')}`)
    }
    world.schedule.after(1_000, look)
  }
  world.schedule.after(1_000, look)
}

function hear(world: World, a: PeerId, b: PeerId): boolean {
  return world.network.reachable(a, b) && world.network.reachable(b, a)
}
