import type { RelayLimits } from './limits.ts'

/** Who may open another WebSocket. Counts per address; time comes from outside. */
export class Gatekeeper {
  readonly #limits: RelayLimits
  readonly #now: () => number
  readonly #addresses = new Map<string, { open: number; tokens: number; at: number }>()
  #open = 0
  #refused = 0

  constructor(limits: RelayLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  get open(): number {
    return this.#open
  }

  get refused(): number {
    return this.#refused
  }

  /** Takes a place, or says why there is none. */
  admit(address: string): string | null {
    const entry = this.#entry(address)
    const fault = this.#fault(address, entry)
    if (fault !== null) {
      this.#refused++
      return fault
    }
    entry.open++
    entry.tokens--
    this.#open++
    return null
  }

  /** Gives a place back. */
  release(address: string): void {
    const entry = this.#addresses.get(address)
    if (entry === undefined || entry.open === 0) return
    entry.open--
    this.#open--
    this.#forgetIdle()
  }

  #fault(address: string, entry: { open: number; tokens: number }): string | null {
    const { connections, connectionsPerAddress, connectionRatePerAddress } = this.#limits
    if (this.#open >= connections) return `the relay is full: ${connections} connections are open`
    if (entry.open >= connectionsPerAddress) return `${address} has ${entry.open} connections open, at most ${connectionsPerAddress}`
    if (entry.tokens < 1) return `${address} connects more than ${connectionRatePerAddress} times a second`
    return null
  }

  #entry(address: string): { open: number; tokens: number; at: number } {
    const { connectionRatePerAddress: rate } = this.#limits
    const now = this.#now()
    const entry = this.#addresses.get(address) ?? { open: 0, tokens: 4 * rate, at: now }
    entry.tokens = Math.min(4 * rate, entry.tokens + ((now - entry.at) / 1000) * rate)
    entry.at = now
    this.#addresses.set(address, entry)
    return entry
  }

  /** Addresses that nothing is known of but that they were here must not pile up. */
  #forgetIdle(): void {
    if (this.#addresses.size < 4 * this.#limits.connections) return
    for (const [address, entry] of this.#addresses) if (entry.open === 0) this.#addresses.delete(address)
  }
}
