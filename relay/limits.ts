/** What a relay gives to whom. Every limit is deliberate: relayed connections are for introduction, not for data. */
export interface RelayLimits {
  /** Peers that can be reached over this relay at once. */
  reservations: number
  /** How long a reservation holds unless it is renewed, ms. */
  reservationTtlMs: number
  /** Open WebSockets. */
  connections: number
  /** Open WebSockets from one address: a class room shares one. */
  connectionsPerAddress: number
  /** New WebSockets from one address in a second, sustained; four times as many in a burst. */
  connectionRatePerAddress: number
  /** How long a relayed connection lives, ms. */
  circuitDurationMs: number
  /** Bytes that a relayed connection carries each way. */
  circuitBytes: number
  /** Relayed connections being set up by one peer at once. */
  circuitsPerPeer: number
  /** Topics that are forwarded. */
  topics: number
  /** Largest WebSocket message, bytes. */
  webSocketMessageBytes: number
}

export const DEFAULT_LIMITS: RelayLimits = {
  reservations: 1_000,
  reservationTtlMs: 30 * 60_000,
  connections: 2_000,
  connectionsPerAddress: 256,
  connectionRatePerAddress: 50,
  circuitDurationMs: 5 * 60_000,
  circuitBytes: 32 * 1024 * 1024,
  circuitsPerPeer: 64,
  topics: 8_192,
  webSocketMessageBytes: 4 * 1024 * 1024,
}
