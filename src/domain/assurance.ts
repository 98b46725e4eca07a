import { SABOTEURS, passesToBeCredible } from './credibility.ts'

/** Chunks by one worker over which the accepted error is counted. */
const CHUNKS = 100
/** The laxest check: one chunk in so many. */
const MOST_CHUNKS_PER_CHECK = 10

/**
 * Accepted error rate when a share of each worker's chunks is checked and a caught liar's chunks are all computed again:
 * s·f(1−qs)ⁿ / [(1−f) + f(1−qs)ⁿ], for the lying rate s that is worst for us.
 * Sarmenta, Sabotage-tolerance mechanisms for volunteer computing systems (2002), spot-checking with blacklisting.
 * @param share q, of the chunks that are checked, 0 to 1
 * @param chunks n, by one worker
 * @param saboteurs f, share of the workers
 */
export function worstErrorRate(share: number, chunks = CHUNKS, saboteurs = SABOTEURS): number {
  let worst = 0
  for (let step = 1; step <= 1000; step++) {
    const lies = step / 1000
    const survives = saboteurs * (1 - share * lies) ** chunks
    worst = Math.max(worst, (lies * survives) / (1 - saboteurs + survives))
  }
  // What is checked is right.
  return worst * (1 - share)
}

/** {@link worstErrorRate} by chunks that stand behind a check; all that are checked err never. The search costs too much to make it again for every job. */
let rates: readonly number[] | null = null

/** How many chunks of a believed worker stand behind each one that is checked, for an accepted error of epsilon: 1 checks all. */
function chunksPerCheck(epsilon: number): number {
  rates ??= Array.from({ length: MOST_CHUNKS_PER_CHECK + 1 }, (_, chunks) => (chunks > 1 ? worstErrorRate(1 / chunks) : 0))
  return Math.max(
    1,
    rates.findLastIndex((rate) => rate <= epsilon),
  )
}

/** How a job is checked. Chunks, by one worker. */
export interface Checking {
  /** Of workers that are believed, one chunk in so many. */
  chunksPerCheck: number
  /** A worker is believed once so many of its chunks were checked and found right; until then all are. */
  credibleAfter: number
}

/** How much must be checked for an accepted error of epsilon. */
export function checkingFor(epsilon: number): Checking {
  return { chunksPerCheck: chunksPerCheck(epsilon), credibleAfter: passesToBeCredible(epsilon) }
}

/**
 * Work that checking adds, as a share of the work itself.
 * @param passed checks that each worker passed before
 * @param chunks that each worker computes
 */
export function checkingCost({ chunksPerCheck: perCheck, credibleAfter }: Checking, passed: number, chunks = CHUNKS): number {
  const first = Math.min(chunks, Math.max(0, credibleAfter - passed))
  return (first + (chunks - first) / perCheck) / chunks
}
