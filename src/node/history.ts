import type { PeerId } from '../domain/ids.ts'
import type { Note } from '../room/event.ts'
import type { NodeSnapshot } from './api.ts'

const MAX_DEPARTURES = 200
const MAX_RELIEVED = 200

/** What has happened in this node's rooms since it started, in figures. */
export class RoomHistory {
  readonly #self: PeerId
  readonly #now: () => number
  readonly #history: NodeSnapshot['history'] = { timesHost: 0, hostChanges: 0, departures: [], relieved: [], recomputed: 0 }

  constructor(self: PeerId, now: () => number) {
    this.#self = self
    this.#now = now
  }

  add(note: Note): void {
    const history = this.#history
    if (note.kind === 'opened' || (note.kind === 'hostChanged' && note.host === this.#self)) history.timesHost++
    if (note.kind === 'hostChanged') history.hostChanges++
    if (note.kind === 'voided') history.recomputed += note.chunks.length
    if (note.kind === 'relieved') this.#relieve(note.peer)
    if (note.kind !== 'departed') return
    history.departures.push({ peer: note.peer, reason: note.reason, at: this.#now() })
    if (history.departures.length > MAX_DEPARTURES) history.departures.shift()
  }

  #relieve(peer: PeerId): void {
    const { relieved } = this.#history
    const known = relieved.find((entry) => entry.peer === peer)
    if (known !== undefined) known.chunks++
    else if (relieved.push({ peer, chunks: 1 }) > MAX_RELIEVED) relieved.shift()
  }

  view(): NodeSnapshot['history'] {
    return { ...this.#history, departures: [...this.#history.departures], relieved: this.#history.relieved.map((entry) => ({ ...entry })) }
  }
}
