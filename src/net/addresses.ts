import { multiaddr } from '@multiformats/multiaddr'
import { NetworkConfigError } from './errors.ts'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerId } from '../domain/ids.ts'

/** A relay that this node uses. */
export interface RelayAddress {
  multiaddr: Multiaddr
  peer: PeerId
}

/** Reads a relay's multiaddr. @throws NetworkConfigError unless it is a WebSocket address that ends in a peer id */
export function parseRelay(text: string): RelayAddress {
  let parsed: Multiaddr
  try {
    parsed = multiaddr(text)
  } catch (cause) {
    throw new NetworkConfigError(`'${text}' is not a multiaddr`, { cause })
  }
  const peer = peerOfAddress(parsed)
  const isWebSocket = parsed.getComponents().some(({ name }) => name === 'ws' || name === 'wss')
  if (peer === null || !isWebSocket) {
    throw new NetworkConfigError(`'${text}' is not a relay's address: expected something like /dns4/example.org/tcp/443/tls/ws/p2p/12D3…`)
  }
  return { multiaddr: parsed, peer }
}

/** Host and port of an address as people write them: "example.org:443", "[::1]:9001". What it lacks is left out. */
export function placeOf(address: Multiaddr): string {
  const components = address.getComponents()
  const host = components.find(({ name }) => ['ip4', 'ip6', 'dns', 'dns4', 'dns6', 'dnsaddr'].includes(name))
  const port = components.find(({ name }) => name === 'tcp')?.value
  const shown = host?.name === 'ip6' ? `[${host.value}]` : (host?.value ?? '')
  return port === undefined ? shown : `${shown}:${port}`
}

/** The peer that an address ends at, or null. */
export function peerOfAddress(address: Multiaddr): PeerId | null {
  return address.getComponents().findLast(({ name }) => name === 'p2p')?.value ?? null
}

/** How a peer that has reserved on a relay is reached over it. */
export function relayedAddress(relay: RelayAddress, peer: PeerId): Multiaddr {
  return relay.multiaddr.encapsulate(`/p2p-circuit/p2p/${peer}`)
}

/** How a peer that has reserved on a relay is reached by WebRTC, the relay carrying the signalling. */
export function directAddress(relay: RelayAddress, peer: PeerId): Multiaddr {
  return relay.multiaddr.encapsulate(`/p2p-circuit/webrtc/p2p/${peer}`)
}

/** A directly linked peer as if it were a relay: it is reached over the link that there is. */
export function mateAddress(peer: PeerId): Multiaddr {
  return multiaddr(`/p2p/${peer}`)
}
