import { parentPort, workerData } from 'node:worker_threads'
import { equalBytes } from '../src/domain/bytes.ts'
import { hashOfCid } from '../src/domain/ids.ts'
import { HONEST } from '../src/sim/behaviour.ts'
import { rightHash } from '../src/sim/truth.ts'
import { CALM } from '../src/sim/weather.ts'
import { World } from '../src/sim/world.ts'

/** Workers of one job, the saboteurs among them, and chunks for each. */
export const WORKERS = 10
export const SABOTEURS = 2
export const CHUNKS_EACH = 40
export const CREDIBLE_AFTER = 10
/** Chunks of one room, and rooms of one job. */
const CHUNKS_PER_ROOM = 10
export const ROOMS = (WORKERS * CHUNKS_EACH) / CHUNKS_PER_ROOM

/** Who takes part in a job. */
export interface Crowd {
  /** Share of its chunks that a saboteur answers wrongly; 0: there are no saboteurs. */
  lies: number
  /** Saboteurs lie about the same chunks, in the same way, and back each other as checkers. */
  colludes: boolean
  /** Saboteurs are honest until they are believed. */
  defects: boolean
  /** Everybody has passed the checks that it takes before the job begins. */
  known: boolean
}

export interface JobOutcome {
  chunks: number
  /** Wrong chunks in certificates. */
  wrong: number
  computed: number
  verified: number
  saboteurs: number
  caught: number
  /** Rooms completed from a saboteur's first lie until it was proven, one entry a caught saboteur. */
  roomsToCatch: number[]
  honestConvicted: number
}

/** One job from beginning to end, on the real machines in calm weather. */
function runJob(crowd: Crowd, seed: number): JobOutcome {
  const world = new World(seed, CALM)
  const chunks = WORKERS * CHUNKS_EACH
  const shape = { chunks, chunksPerMicrojob: CHUNKS_PER_ROOM, microjobsPerBlock: 10, capacity: 11, deadlineMs: 20_000 }
  world.database.addJob('job', { ...shape, credibleAfter: CREDIBLE_AFTER }, 0)
  const ids = Array.from({ length: WORKERS }, (_, i) => `n${i}`)
  const places = new Set<number>()
  while (crowd.lies > 0 && places.size < SABOTEURS) places.add(world.rng.below(WORKERS))
  const saboteurs = new Set([...places].map((i) => ids[i]!))
  if (crowd.known) for (const id of ids) world.database.credit(id, CREDIBLE_AFTER)

  const firstLie = new Map<string, number>()
  const caughtAt = new Map<string, number>()
  const lying = { lies: crowd.lies, liesAsVerifier: crowd.colludes, accomplice: crowd.colludes ? 'cabal' : '' }
  world.observers.push({
    stepped(node, event, effects) {
      if (crowd.defects && saboteurs.has(node.id) && (node.state.standings[node.id] ?? 0) >= CREDIBLE_AFTER)
        node.behaviour = { ...node.behaviour, ...lying }
      if (event.type === 'computed' && !firstLie.has(node.id) && !equalBytes(event.result.hash, rightHash(event.chunk)))
        firstLie.set(node.id, world.database.complete)
      for (const effect of effects) {
        if (effect.type === 'recordConviction' && !caughtAt.has(effect.culprit)) caughtAt.set(effect.culprit, world.database.complete)
      }
    },
  })
  ids.forEach((id, i) =>
    world.schedule.after(i * 50, () => world.join(id, { ...HONEST, ...(saboteurs.has(id) && !crowd.defects ? lying : {}) })),
  )
  if (!world.run(2_000_000, () => world.database.complete === world.database.entries.size))
    throw new Error(`seed ${seed}: only ${world.database.complete} of ${world.database.entries.size} rooms were completed`)

  let wrong = 0
  for (const { certificate } of world.database.entries.values())
    wrong += certificate!.body.chunks.filter(({ chunk, output }) => !equalBytes(hashOfCid(output), rightHash(chunk))).length
  const caught = [...caughtAt].filter(([id]) => saboteurs.has(id))
  return {
    chunks,
    wrong,
    computed: world.computed,
    verified: world.verified,
    saboteurs: saboteurs.size,
    caught: caught.length,
    roomsToCatch: caught.map(([id, at]) => 1 + at - (firstLie.get(id) ?? at)),
    honestConvicted: caughtAt.size - caught.length,
  }
}

if (parentPort !== null) {
  const port = parentPort
  const jobs = workerData as { crowd: Crowd; row: number; seed: number }[]
  for (const { crowd, row, seed } of jobs) port.postMessage({ row, outcome: runJob(crowd, seed) })
}
