import type { PeerId } from '../domain/ids.ts'

/** The life of a direct connection to one peer. */
export type LinkState = 'created' | 'in progress' | 'live' | 'disconnected' | 'failed'

export interface LinkChange {
  peer: PeerId
  from: LinkState
  to: LinkState
  /** Why, where there is something to say; empty otherwise. */
  detail: string
}

const STEPS: Record<LinkState, readonly LinkState[]> = {
  created: ['in progress', 'live', 'failed'],
  'in progress': ['live', 'failed'],
  live: ['disconnected'],
  disconnected: ['live'],
  failed: ['in progress', 'live'],
}

/** A step that a link's life does not have. */
export class LinkStateError extends Error {
  override readonly name = 'LinkStateError'
}

/**
 * One peer's link: created → in progress → live ⇄ disconnected, and created or in progress → failed. A link that failed
 * may be tried again, which is a new life. It knows nothing of routes or relays.
 */
export class Link {
  readonly peer: PeerId
  /** Whether this side asked for it. Only that side keeps a disconnected link, to connect it again. */
  readonly requested: boolean
  readonly #listener: (change: LinkChange) => void
  #state: LinkState = 'created'

  constructor(peer: PeerId, requested: boolean, listener: (change: LinkChange) => void) {
    this.peer = peer
    this.requested = requested
    this.#listener = listener
  }

  get state(): LinkState {
    return this.#state
  }

  /** @throws LinkStateError when the life of a link has no such step */
  become(to: LinkState, detail = ''): void {
    const from = this.#state
    if (from === to) return
    if (!STEPS[from].includes(to)) throw new LinkStateError(`a link that is ${from} cannot become ${to}`)
    this.#state = to
    this.#listener({ peer: this.peer, from, to, detail })
  }
}
