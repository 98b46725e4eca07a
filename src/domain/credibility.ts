import type { PeerId } from './ids.ts'
import type { LedgerRecord } from './record.ts'
import { convictedIn, countedResults } from './voided.ts'

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
 * 0 for whoever was proven wrong, and nothing for what such a one found right. Entries must have been checked; a store
 * returns no others.
 */
export function standings(entries: readonly LedgerRecord[]): Map<PeerId, number> {
  const convicted = convictedIn(entries)
  const passed = new Map<PeerId, number>()
  for (const { record } of countedResults(entries, convicted)) {
    const { checked, verifier, second } = record.certificate.body
    for (const { peer } of checked) {
      const checker = peer === verifier ? second : verifier
      if (checker !== null && !convicted.has(checker)) passed.set(peer, (passed.get(peer) ?? 0) + 1)
    }
  }
  for (const liar of convicted.keys()) passed.set(liar, 0)
  return passed
}
