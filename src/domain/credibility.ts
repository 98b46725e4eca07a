import type { PeerId } from './ids.ts'
import { canonicalResults } from './ledger-view.ts'
import type { LedgerRecord } from './record.ts'

/** Assumed share of saboteurs among strangers. */
export const SABOTEURS = 0.2

/**
 * Chunks of a stranger that must pass before it is believed: after k checks that it passed, a worker errs at most at a
 * rate of f / ((1 − f)·e·k), because one that erred more often would have been caught.
 * Sarmenta, Sabotage-tolerance mechanisms for volunteer computing systems (2002), credibility with blacklisting.
 * @param epsilon accepted share of wrong chunks, above 0
 * @param saboteurs f, share of the workers
 */
export function passesToBeCredible(epsilon: number, saboteurs = SABOTEURS): number {
  return Math.ceil(saboteurs / ((1 - saboteurs) * Math.E * epsilon))
}

/**
 * What the ledger says of everybody it names: chunks that somebody else recomputed and found right, each microjob once;
 * 0 for whoever was proven wrong. Entries must have been checked; a store returns no others.
 */
export function standings(entries: readonly LedgerRecord[]): Map<PeerId, number> {
  const passed = new Map<PeerId, number>()
  for (const { certificate } of canonicalResults(entries)) {
    for (const { peer } of certificate.body.checked) passed.set(peer, (passed.get(peer) ?? 0) + 1)
  }
  for (const liar of provenWrong(entries)) passed.set(liar, 0)
  return passed
}

/** Peers whom a conviction proves wrong. What others merely say of somebody costs it nothing. */
export function provenWrong(entries: readonly LedgerRecord[]): Set<PeerId> {
  return new Set(entries.flatMap((entry) => (entry.kind === 'conviction' ? [entry.culprit] : [])))
}
