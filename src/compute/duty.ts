/** Longest single rest, so that a changed setting takes hold soon. */
const LONGEST_REST_MS = 200

/**
 * Share of time spent computing: after each piece of work it says how long to rest.
 * Rests are owed across pieces, so that many short ones keep the same share as few long ones.
 */
export class Duty {
  #share = 1
  #owed = 0

  /** 0 pauses; 1 never rests. */
  set share(share: number) {
    this.#share = Math.min(1, Math.max(0, share))
    this.#owed = 0
  }

  get paused(): boolean {
    return this.#share === 0
  }

  /** Milliseconds to rest after so many of work; 0 while less than a timer can measure is owed. */
  restAfter(workedMs: number): number {
    if (this.#share === 1) return 0
    if (this.paused) return LONGEST_REST_MS
    this.#owed += (workedMs * (1 - this.#share)) / this.#share
    if (this.#owed < 4) return 0
    return Math.min(LONGEST_REST_MS, this.#owed)
  }

  /** Tells how long the rest really was: timers are late. */
  rested(ms: number): void {
    this.#owed = Math.max(-50, this.#owed - ms)
  }
}
