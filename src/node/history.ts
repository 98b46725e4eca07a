import type { PeerId } from '../domain/ids.ts'
import type { Note } from '../room/event.ts'
import type { NodeSnapshot } from './api.ts'

const MAX_DEPARTURES = 200

/** What has happened in this node's rooms since it started, in figures. */
export class RoomHistory {
  readonly #self: PeerId
  readonly #now: () => number
  readonly #history: NodeSnapshot['history'] = { timesHost: 0, hostChanges: 0, departures: [], recomputed: 0 }

  constructor(self: PeerId, now: () => number) {
    this.#self = self
    this.#now = now
  }

  add(note: Note): void {
    const history = this.#history
    if (note.kind === 'opened' || (note.kind === 'hostChanged' && note.host === this.#self)) history.timesHost++
    if (note.kind === 'hostChanged') history.hostChanges++
    if (note.kind === 'voided') history.recomputed += note.chunks.length
    if (note.kind !== 'departed') return
    history.departures.push({ peer: note.peer, reason: note.reason, at: this.#now() })
    if (history.departures.length > MAX_DEPARTURES) history.departures.shift()
  }

  view(): NodeSnapshot['history'] {
    return { ...this.#history, departures: [...this.#history.departures] }
  }
}
