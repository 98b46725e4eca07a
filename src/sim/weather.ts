/** What the network does to messages. Times in ms, shares 0 to 1. */
export interface Weather {
  /** One-way delay of a message: least, and spread above it. */
  delayMs: number
  jitterMs: number
  /** Share of messages on wires that are lost. */
  drop: number
  duplicate: number
  /** Share of messages that overtake others. */
  reorder: number
  /** Share of gossip messages lost for one receiver. */
  gossipDrop: number
  /** From a crash or cut until the other end notices. */
  detectMs: number
  dialMs: number
  /** Age of the database that a node sees, at most. */
  databaseMs: number
  /** Share of messages that go through the real encoder and decoder. */
  encoded: number
}

export const CALM: Weather = {
  delayMs: 2,
  jitterMs: 3,
  drop: 0,
  duplicate: 0,
  reorder: 0,
  gossipDrop: 0,
  detectMs: 6_000,
  dialMs: 120,
  databaseMs: 400,
  encoded: 0,
}
