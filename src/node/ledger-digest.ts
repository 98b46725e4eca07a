import { standings } from '../domain/credibility.ts'
import type { PeerId } from '../domain/ids.ts'
import { leaderboard } from '../domain/ledger-view.ts'
import type { LedgerRecord } from '../domain/record.ts'
import { convictedIn } from '../domain/voided.ts'
import type { Ledger, Unsubscribe } from '../room/ports.ts'
import type { NodeSnapshot } from './api.ts'

/** What follows from the ledger. Each is found once, and again after entries have come. */
export class LedgerDigest {
  readonly #ledger: Ledger
  readonly #end: Unsubscribe
  #judged = false
  #view: NodeSnapshot['ledger'] | null = null

  /** @param changed is called after each entry */
  constructor(ledger: Ledger, changed: () => void) {
    this.#ledger = ledger
    this.#end = ledger.onEntries(() => {
      this.#judged = false
      this.#view = null
      changed()
    })
  }

  /** Whom to believe: checks passed by peer, and when each liar was proven wrong, ms. Null when that is as it was at the last call. */
  judge(): { passed: Map<PeerId, number>; convicted: Map<PeerId, number> } | null {
    if (this.#judged) return null
    this.#judged = true
    const entries = this.#ledger.entries()
    return { passed: standings(entries), convicted: convictedIn(entries) }
  }

  view(): NodeSnapshot['ledger'] {
    this.#view ??= summary(this.#ledger.entries())
    return this.#view
  }

  stop(): void {
    this.#end()
  }
}

function summary(entries: readonly LedgerRecord[]): NodeSnapshot['ledger'] {
  return { entries: entries.length, since: entries[0]?.createdAt ?? null, leaderboard: leaderboard(entries) }
}
