import { peerOfRuntime } from './registry.ts'
import type { PeerId } from '../domain/ids.ts'
import type { LinkState } from './link.ts'

/** Which way to a runtime is taken now. `linking`: a direct link is being made meanwhile. */
export type Route =
  | { kind: 'self' }
  | { kind: 'relay'; peer: PeerId }
  | { kind: 'direct'; peer: PeerId }
  | { kind: 'relayed'; peer: PeerId; linking: boolean }

/** What resolving needs to know and to ask for. */
export interface ResolverInit {
  self: PeerId
  isRelay(peer: PeerId): boolean
  linkState(peer: PeerId): LinkState | null
  /** Starts, or starts again, a direct link to the peer. */
  link(peer: PeerId): void
}

/** Something that is neither a runtime's address nor a peer id. */
export class AddressError extends Error {
  override readonly name = 'AddressError'
}

/**
 * The way to an address: its live link; while a link is made or made again the relayed path; and where there is none,
 * the relayed path too, or with `link` a direct link is begun. Relays and oneself are never linked.
 * @throws AddressError when the text is no address
 */
export function resolve(address: string, init: ResolverInit, options: { link?: boolean } = {}): Route {
  const peer = peerOfRuntime(address)
  if (peer === null) throw new AddressError(`'${address}' is not the address of a runtime, nor a peer id`)
  if (peer === init.self) return { kind: 'self' }
  if (init.isRelay(peer)) return { kind: 'relay', peer }
  switch (init.linkState(peer)) {
    case 'live':
      return { kind: 'direct', peer }
    case 'created':
    case 'in progress':
      return { kind: 'relayed', peer, linking: true }
    case 'disconnected':
      init.link(peer)
      return { kind: 'relayed', peer, linking: true }
    case 'failed':
    case null:
      if (options.link === true) init.link(peer)
      return { kind: 'relayed', peer, linking: options.link === true }
  }
}
