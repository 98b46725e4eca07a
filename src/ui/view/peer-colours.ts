/**
 * Twelve colours that differ in lightness as well as in hue, so that they stay apart for eyes that confuse hues.
 * Each stands out from a white and from a near-black page by at least 3:1.
 */
export const PEER_COLOURS = [
  '#0e8074',
  '#d9480f',
  '#7048e8',
  '#b88700',
  '#c2255c',
  '#1c7ed6',
  '#5c940d',
  '#8d6e63',
  '#ae3ec9',
  '#0b7285',
  '#e03131',
  '#748091',
] as const

/** Nobody's. */
export const OPEN_COLOUR = 'var(--open-chunk)'

/** Gives each peer a colour of its own, in order of appearance, for as long as the page lives. */
export class PeerColours {
  readonly #order = new Map<string, number>()

  /** `self` always has the first colour. */
  constructor(self = '') {
    if (self !== '') this.#order.set(self, 0)
  }

  of(peer: string): string {
    let index = this.#order.get(peer)
    if (index === undefined) {
      index = this.#order.size
      this.#order.set(peer, index)
    }
    return PEER_COLOURS[index % PEER_COLOURS.length]!
  }
}
