import type { RelayProcess } from '../fixtures/relay-process.ts'
import type { Chaos } from './options.ts'
import type { Tab } from './tab.ts'

/** Share of the job that is computed when the fault strikes. */
const STRIKE_AT = 0.25
/** Rooms that are about to become one are not struck: who then goes is missed by nobody. Later than this it happens anyway. */
const STRIKE_APART_AT = 0.6

/** Does its damage once, at the right moment, and says what it did. */
export class ChaosMonkey {
  readonly #chaos: Chaos
  readonly #relay: RelayProcess
  #struck = false

  constructor(chaos: Chaos, relay: RelayProcess) {
    this.#chaos = chaos
    this.#relay = relay
  }

  get struck(): boolean {
    return this.#struck || this.#chaos === 'none' || this.#chaos === 'liar'
  }

  /** @returns what was done, in words, or null when it is not time yet */
  async strike(tabs: Tab[], share: number): Promise<string | null> {
    if (this.struck) return null
    if (this.#chaos === 'silent-worker') return this.#letIn(tabs.at(-1)!, tabs)
    if (share < STRIKE_AT) return null
    if (this.#chaos === 'kill-relay') {
      // Before two are linked there is no room that could go on.
      if (!tabs.some((tab) => tab.last?.room?.members.some(({ link }) => link === 'direct'))) return null
      this.#struck = true
      await this.#relay.kill()
      return 'killed the relay'
    }
    const hosts = new Set(tabs.flatMap((tab) => (tab.last?.room == null ? [] : [tab.last.room.host])))
    if (hosts.size > 1 && share < STRIKE_APART_AT) return null
    const victim = tabs.find((tab) => {
      if (tab.closed || tab.last?.room == null) return false
      const isHost = hosts.has(tab.peer)
      const inFlight = tab.last.room.chunks.some(({ state }) => state === 'granted')
      return inFlight && (this.#chaos === 'kill-host' ? isHost : !isHost && tab.index > 0)
    })
    if (victim === undefined) return null
    this.#struck = true
    await victim.close()
    return `closed tab ${victim.index + 1}, ${this.#chaos === 'kill-host' ? 'the host' : 'a worker'}, with chunks in flight`
  }

  /** The silent one is a worker, not the host, who puts nobody out: there has to be a room before it comes. */
  async #letIn(silent: Tab, tabs: Tab[]): Promise<string | null> {
    if (!tabs.some((tab) => tab.last?.room?.host === tab.peer)) return null
    this.#struck = true
    await silent.startContributing()
    return `let tab ${silent.index + 1} in, which asks for chunks and never answers`
  }
}
