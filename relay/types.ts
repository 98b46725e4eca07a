import type { CircuitRelayService } from '@libp2p/circuit-relay-v2'
import type { Libp2p } from '@libp2p/interface'
import type { NodeServices } from '../src/net/libp2p-options.ts'
import type { PeerId } from '../src/domain/ids.ts'
import type { Signer } from '../src/room/ports.ts'

export interface RelayServices extends NodeServices {
  relay: CircuitRelayService
}

export type RelayLibp2p = Libp2p<RelayServices>

/** A figure for `/metrics`, read when somebody asks. */
export interface RelayGauge {
  name: string
  help: string
  read(): number
}

/** What a service of the relay works with. */
export interface RelayServiceParts {
  libp2p: RelayLibp2p
  /** Signs with the relay's own key. */
  signer: Signer
  /** Notes that a peer has broken a protocol of the service's. */
  offence(peer: PeerId): void
  /** The relay's data directory. */
  directory: string
}

/** Something that runs on the relay's node: the archive of the job database. */
export type RelayService = (parts: RelayServiceParts) => Promise<{
  stop(): Promise<void>
  gauges?: readonly RelayGauge[]
  /** Fields of `/relay.json`. */
  describe?(): Record<string, unknown>
}>
