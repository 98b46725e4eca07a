interface Entry {
  at: number
  seq: number
  run: () => void
}

/** What happens next: a binary heap by time, and within one time by order of entry. */
export class Schedule {
  now = 0
  #seq = 0
  readonly #heap: Entry[] = []

  get size(): number {
    return this.#heap.length
  }

  /** Runs after `ms` of simulated time; never before what is already due. */
  after(ms: number, run: () => void): void {
    this.#push({ at: this.now + Math.max(0, ms), seq: this.#seq++, run })
  }

  /** Advances the clock to the next entry and runs it. False when nothing is left. */
  step(): boolean {
    const next = this.#pop()
    if (next === undefined) return false
    this.now = next.at
    next.run()
    return true
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (before(heap[parent]!, entry)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = entry
  }

  #pop(): Entry | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (top === undefined || last === undefined || heap.length === 0) return top
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (before(last, heap[child]!)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return top
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.seq < b.seq)
}
