import type { PeerId } from '../domain/ids.ts'
import { HONEST } from './behaviour.ts'
import type { Behaviour } from './behaviour.ts'
import type { JobShape } from './database.ts'
import { Rng } from './rng.ts'
import { CALM } from './weather.ts'
import type { Weather } from './weather.ts'

/** Something that goes wrong at a time, ms. */
export type Fault =
  | { at: number; kind: 'crash' | 'close'; node: PeerId }
  | { at: number; kind: 'restart'; node: PeerId; afterMs: number }
  | { at: number; kind: 'suspend'; node: PeerId; forMs: number }
  | { at: number; kind: 'pause'; node: PeerId; forMs: number }
  /** One way only, until healed. */
  | { at: number; kind: 'cut'; from: PeerId; to: PeerId }
  /** These on one side, everybody else on the other. */
  | { at: number; kind: 'partition'; side: PeerId[] }
  /** No wire between these two any more, whatever heals; gossip still finds its way. */
  | { at: number; kind: 'unlink'; between: [PeerId, PeerId] }
  | { at: number; kind: 'heal' }

export interface Newcomer {
  id: PeerId
  at: number
  behaviour: Behaviour
  skewMs: number
  observer: boolean
}

/** One history to be: plain data, made from a seed, printable, and shrinkable by leaving things out. */
export interface Scenario {
  seed: number
  level: number
  jobs: JobShape[]
  weather: Weather
  nodes: Newcomer[]
  faults: Fault[]
  /** Simulated time allowed, ms. */
  untilMs: number
}

export interface ScenarioOptions {
  /** Nodes at most. */
  nodes: number
  /** Jobs, and so rooms at once, at most. */
  rooms: number
  /** 0 none, 1 bad wires, 2 comings and goings, 3 partitions, 4 hostile members; null: the seed decides. */
  level: number | null
}

export const MAX_LEVEL = 4
/** The histories that are lived through before a release: these seeds with these options. */
export const CENSUS: { first: number; last: number; options: ScenarioOptions } = {
  first: 1,
  last: 20_000,
  options: { nodes: 8, rooms: 2, level: null },
}
const FAULTS_UNTIL_MS = 45_000
const PATIENCE_MS = 600_000

/** The scenario of a seed. */
export function makeScenario(seed: number, options: ScenarioOptions): Scenario {
  const rng = new Rng(seed)
  const level = options.level ?? rng.below(MAX_LEVEL + 1)
  const count = 2 + rng.below(Math.max(1, options.nodes - 1))
  const jobs = Array.from({ length: 1 + rng.below(options.rooms) }, () => makeJob(rng, level))
  const nodes = Array.from({ length: count }, (_, i) => makeNewcomer(rng, i, level))
  const survivors = nodes.slice(0, Math.max(2, Math.ceil(count / 2))).map(({ id }) => id)
  if (level >= 4) for (const node of nodes) if (!survivors.includes(node.id)) node.behaviour = makeRogue(rng, node.behaviour)
  if (level >= 2 && rng.chance(0.3)) nodes.push({ ...makeNewcomer(rng, count, level), observer: true })
  const ids = nodes.map(({ id }) => id)
  // Where places are few, those who cannot reach a host may hold them in turn, and never the one who can.
  const hasGaps = level >= 1 && jobs.every(({ capacity }) => capacity >= ids.length)
  return {
    seed,
    level,
    jobs,
    nodes,
    weather: makeWeather(rng, level),
    faults: [...(level < 2 ? [] : makeFaults(rng, level, ids, survivors)), ...(hasGaps ? makeGaps(seed, level, ids, survivors) : [])],
    untilMs: FAULTS_UNTIL_MS + PATIENCE_MS,
  }
}

/** Pairs that cannot reach each other, in one history of four; one of those who stay is linked with everybody. */
function makeGaps(seed: number, level: number, ids: PeerId[], survivors: PeerId[]): Fault[] {
  const rng = new Rng(seed ^ 0x6a95)
  if (!rng.chance(0.25)) return []
  const hub = rng.pick(survivors)
  const share = rng.pick([0.2, 0.5, 1])
  const later = rng.pick([0, 0, rng.below(FAULTS_UNTIL_MS)])
  // Wires that were there break at higher levels only: whoever depends on one may be blamed before anybody notices.
  const at = level < 2 ? 0 : later
  return ids.flatMap((a, i) =>
    ids
      .slice(i + 1)
      .flatMap((b): Fault[] => (a === hub || b === hub || !rng.chance(share) ? [] : [{ at, kind: 'unlink', between: [a, b] }])),
  )
}

function makeJob(rng: Rng, level: number): JobShape {
  const chunksPerMicrojob = rng.pick([1, 4, 10, 10, 10, 25])
  return {
    chunks: rng.pick([3, 10, 17, 40, 60]),
    chunksPerMicrojob,
    microjobsPerBlock: rng.pick([1, 3, 10]),
    // Where liars may be, a room for two may never bring two honest members together.
    capacity: rng.pick([level >= 4 ? 4 : 2, 3, 5, 11, 11, 11]),
    deadlineMs: rng.pick([5_000, 10_000, 20_000]),
    credibleAfter: chunksPerMicrojob === 10 ? 10 : 2,
  }
}

function makeNewcomer(rng: Rng, i: number, level: number): Newcomer {
  return {
    id: `p${String(rng.below(1_000)).padStart(3, '0')}-${i}`,
    at: rng.chance(0.3) ? 0 : rng.below(level >= 2 ? 20_000 : 3_000),
    behaviour: { ...HONEST, paceMs: rng.pick([60, 200, 400, 400, 900, 2_500]), slots: rng.pick([1, 1, 1, 2, 4]) },
    skewMs: level >= 2 ? rng.below(120_000) - 60_000 : 0,
    observer: false,
  }
}

function makeRogue(rng: Rng, behaviour: Behaviour): Behaviour {
  const rogue = { ...behaviour }
  switch (rng.below(9)) {
    case 0:
      return { ...rogue, lies: 1, disowns: rogue.slots > 1 }
    case 1:
      return { ...rogue, lies: 1, liesAsVerifier: true }
    case 2:
      return { ...rogue, lies: 0.02 }
    case 3:
      return { ...rogue, lies: 1, liesAsVerifier: true, accomplice: 'cabal' }
    case 4:
      return { ...rogue, hoards: true, hidesHand: rng.chance(0.5) }
    case 5:
      return { ...rogue, withholdsReveal: true }
    case 6:
      return { ...rogue, withholdsReport: true, hidesHand: rogue.slots > 1 }
    case 7:
      return { ...rogue, withholdsGrants: true }
    default:
      return { ...rogue, forgesHost: rng.chance(0.5), babbles: true }
  }
}

function makeWeather(rng: Rng, level: number): Weather {
  if (level === 0) return { ...CALM, encoded: rng.chance(0.1) ? 1 : 0 }
  return {
    delayMs: rng.pick([1, 5, 40]),
    jitterMs: rng.pick([5, 50, 400]),
    drop: rng.pick([0, 0.01, 0.05]),
    duplicate: rng.pick([0, 0.05]),
    reorder: level >= 3 ? rng.pick([0, 0.05]) : 0,
    gossipDrop: rng.pick([0, 0.05, 0.2]),
    detectMs: rng.pick([50, 2_000, 7_000, 16_000]),
    dialMs: rng.pick([50, 150, 1_000]),
    databaseMs: rng.pick([200, 1_000, 4_000]),
    encoded: rng.chance(0.1) ? 1 : 0,
  }
}

function makeFaults(rng: Rng, level: number, ids: PeerId[], survivors: PeerId[]): Fault[] {
  const faults: Fault[] = []
  const others = ids.filter((id) => !survivors.includes(id))
  for (let i = rng.below(6); i > 0; i--) {
    const at = 1_000 + rng.below(FAULTS_UNTIL_MS)
    const kind = rng.below(level >= 3 ? 7 : 5)
    if (kind === 0 && others.length > 0) faults.push({ at, kind: 'crash', node: rng.pick(others) })
    else if (kind === 1 && others.length > 0) faults.push({ at, kind: 'close', node: rng.pick(others) })
    else if (kind === 2) faults.push({ at, kind: 'restart', node: rng.pick(ids), afterMs: rng.pick([50, 3_000, 15_000]) })
    else if (kind === 3) faults.push({ at, kind: 'suspend', node: rng.pick(ids), forMs: rng.pick([3_000, 20_000, 150_000]) })
    else if (kind === 4) faults.push({ at, kind: 'pause', node: rng.pick(ids), forMs: rng.pick([2_000, 20_000]) })
    else if (kind === 5) faults.push({ at, kind: 'cut', from: rng.pick(ids), to: rng.pick(ids) })
    else if (kind === 6) faults.push({ at, kind: 'partition', side: ids.filter(() => rng.chance(0.5)) })
  }
  if (faults.some(({ kind }) => kind === 'cut' || kind === 'partition')) {
    faults.push({ at: 10_000 + rng.below(FAULTS_UNTIL_MS), kind: 'heal' }, { at: FAULTS_UNTIL_MS + 12_000, kind: 'heal' })
  }
  return faults.sort((a, b) => a.at - b.at)
}
