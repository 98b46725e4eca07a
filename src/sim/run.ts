import { equalBytes } from '../domain/bytes.ts'
import { hashOfCid } from '../domain/ids.ts'
import type { RoomEvent, Effect } from '../room/event.ts'
import { auditCertificate, auditConviction } from './audit.ts'
import { isHonest } from './behaviour.ts'
import { applyFault } from './faults.ts'
import { brokenInvariants } from './invariants.ts'
import type { SimNode } from './node.ts'
import { startRogue } from './rogue.ts'
import type { Scenario } from './scenario.ts'
import { rightHash } from './truth.ts'
import { watch } from './watch.ts'
import { Witness } from './witness.ts'
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

/** After the last microjob and the last fault the database reaches everybody within this time. */
const NEWS_MS = 6_000
/** Then everybody leaves its room within this time. */
const FAREWELL_MS = 200_000
const MAX_VIOLATIONS = 5
/** Chunks recomputed in checks: each by most members once where there are liars, whatever else happens. */
const MOST_CHECKS_A_CHUNK = 8
const MOST_CHECKS = 24

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
  const witness = new Witness()
  world.observers.push({
    before: (node, event) => witness.before(node, event),
    stepped(node, event, effects) {
      for (const what of [...brokenInvariants(node.state, event, effects), ...witness.after(node, event, effects)])
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
      // Whoever leads a room to its certificate has every output in its hands.
      if (node.state.room?.host === node.id && isHonest(node.behaviour)) {
        const lost = certificate.body.chunks.filter(({ output }) => !world.outputs.has(node.id, hashOfCid(output)))
        if (lost.length > 0) violate(`${node.id} certified ${lost.length} chunks whose outputs it does not have`)
      }
      const wrong = certificate.body.chunks.filter(({ chunk, output }) => !equalBytes(hashOfCid(output), rightHash(chunk))).length
      escaped += wrong
      if (strictly && wrong > 0) violate(`${wrong} wrong chunks were certified by ${node.id}`)
    },
  })
  for (const { id, at, behaviour, skewMs, observer } of scenario.nodes) {
    world.schedule.after(at, () => startRogue(world, world.join(id, behaviour, { skewMs, observer })))
  }
  for (const fault of scenario.faults) world.schedule.after(fault.at, () => applyFault(world, fault))
  watch(world, violate)
  const { database } = world
  const done = (): boolean => database.complete === database.entries.size || violations.length >= MAX_VIOLATIONS
  const finished = world.run(scenario.untilMs, done)
  const simulatedMs = Math.round(world.now)
  const messages = world.network.messages + world.network.gossip
  const most = mostMessages(scenario, firstChunk, world.now)
  if (messages > most) violate(`${messages} messages for ${firstChunk} chunks, at most ${most}`)
  if (world.verified > MOST_CHECKS_A_CHUNK * firstChunk + MOST_CHECKS) violate(`${world.verified} checks for ${firstChunk} chunks`)
  for (const { culprit, reason, by } of world.refusals) {
    if (scenario.level <= 1) violate(`${by} put ${culprit} out, who did nothing wrong: ${reason}`)
  }
  for (const { culprit, by, proof } of world.convictions) {
    if (!auditConviction(proof).includes(culprit)) violate(`${by} convicted ${culprit} and proved nothing`)
    else if (strictly && isHonest(world.nodes.get(culprit)!.behaviour)) violate(`${culprit} is honest and was proven wrong by ${by}`)
  }
  if (!finished)
    violate(`${database.entries.size - database.complete} of ${database.entries.size} microjobs are not complete after ${simulatedMs} ms`)
  else if (violations.length === 0) {
    const still = (): SimNode[] =>
      [...world.nodes.values()].filter(
        (node) => node.alive && node.backlog === null && node.state.room !== null && isHonest(node.behaviour),
      )
    world.run(Math.max(world.now, ...scenario.faults.map(({ at }) => at)) + NEWS_MS, () => false)
    world.run(world.now + FAREWELL_MS, () => still().length === 0)
    const left = still()
    if (left.length > 0) violate(`${left.map(({ id }) => id).join(', ')} never left the room when nothing was left to do`)
  }
  return {
    seed: scenario.seed,
    level: scenario.level,
    violations,
    simulatedMs,
    steps: world.steps,
    messages,
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

/** Each result goes to everybody, and everybody's heartbeat, with what is said again of draws, to everybody else. */
function mostMessages({ nodes }: Scenario, chunks: number, ms: number): number {
  return Math.ceil(nodes.length * (40 * chunks + (ms / 1_000) * (8 * nodes.length + 80)))
}
