import type { Certificate } from '../../src/domain/certificate.ts'
import type { PeerId } from '../../src/domain/ids.ts'
import type { Tab } from './tab.ts'

/** The demo's last line with `--json`. */
export interface DemoReport {
  job: string
  kernel: string
  chunks: number
  microjobs: number
  tabs: { peer: PeerId; engine: string; chunks: number; timesHost: number; verifier: number }[]
  /** Connections between tabs at the end, each counted once. */
  links: { direct: number; relayed: number }
  hostChanges: number
  expelled: { peer: PeerId; reason: string }[]
  /** Chunks that a tab had and did not finish before another did. */
  relieved: { peer: PeerId; chunks: number }[]
  /** Finished chunks of proven liars, which were computed again. */
  recomputed: number
  verified: boolean
  /** From submission to the last certificate. */
  seconds: number
  /** Time that engines spent on chunks, all tabs together. */
  computeSeconds: number
  outputs: { path: string; sha256: string; bytes: number }[]
}

const HARMLESS = ['nothing left to do here', 'came back']

/** What the tabs and the certificates tell of a run. */
export function summarise(
  tabs: Tab[],
  certificates: Certificate[],
): Omit<DemoReport, 'job' | 'kernel' | 'chunks' | 'microjobs' | 'verified' | 'seconds' | 'outputs'> {
  const computed = new Map<PeerId, number>()
  const verifiers = new Map<PeerId, number>()
  for (const { body } of certificates) {
    verifiers.set(body.verifier, (verifiers.get(body.verifier) ?? 0) + 1)
    for (const { peer } of body.chunks) computed.set(peer, (computed.get(peer) ?? 0) + 1)
  }
  const histories = tabs.flatMap(({ last }) => (last === null ? [] : [last.history]))
  const expelled = new Map<PeerId, string>()
  for (const { departures } of histories) {
    for (const { peer, reason } of departures) if (!HARMLESS.includes(reason) && !expelled.has(peer)) expelled.set(peer, reason)
  }
  const relieved = new Map<PeerId, number>()
  for (const { peer, chunks } of histories.flatMap((history) => history.relieved)) relieved.set(peer, (relieved.get(peer) ?? 0) + chunks)
  const own = new Set(tabs.map(({ peer }) => peer))
  const links = { direct: 0, relayed: 0 }
  for (const { last, peer: self } of tabs) {
    for (const { peer, link } of last?.network.peers ?? []) if (own.has(peer) && self < peer) links[link]++
  }
  return {
    tabs: tabs.map(({ peer, last }) => ({
      peer,
      engine: last?.contribution.engine?.kind ?? 'none',
      chunks: computed.get(peer) ?? 0,
      timesHost: last?.history.timesHost ?? 0,
      verifier: verifiers.get(peer) ?? 0,
    })),
    links,
    hostChanges: Math.max(0, ...histories.map(({ hostChanges }) => hostChanges)),
    expelled: [...expelled].map(([peer, reason]) => ({ peer, reason })),
    relieved: [...relieved].map(([peer, chunks]) => ({ peer, chunks })),
    recomputed: Math.max(0, ...histories.map(({ recomputed }) => recomputed)),
    computeSeconds: tabs.reduce((sum, { last }) => sum + (last?.contribution.computeMs ?? 0), 0) / 1000,
  }
}
