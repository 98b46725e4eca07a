import { webRTC } from '@libp2p/webrtc'
import { UnreachableError } from './errors.ts'
import type { MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'

/**
 * Mends @libp2p/webrtc 6.0.33. There whoever is dialled takes the end of the signalling stream for success. A dialler
 * that finds no way and gives up ends it too, and leaves the other side with a connection that is called open although
 * nothing can pass over it: the relayed one beside it is closed, and both are cut off until a ping is missed. The cure:
 * a connection that comes in counts when its `RTCPeerConnection` is connected.
 */
interface WebRTCConnection extends MultiaddrConnection {
  peerConnection: PeerConnection
}

type PeerConnection = EventTarget & Pick<RTCPeerConnection, 'connectionState'>

/** How much later than the dialler, which has had a channel open by then, this side may see the connection, ms. */
const LAG_MS = 3_000

type WebRTCComponents = Parameters<ReturnType<typeof webRTC>>[0]

/** libp2p's WebRTC transport, whose connections are connected. */
export function provenWebRTC(init: Parameters<typeof webRTC>[0]): (components: WebRTCComponents) => Transport {
  const create = webRTC(init)
  return (components) => {
    const upgrader = proving(components.upgrader)
    // Defined, not assigned: libp2p's components would hand an assignment on to every transport.
    return create(Object.create(components, { upgrader: { value: upgrader } }) as WebRTCComponents)
  }
}

/** An upgrader that takes no connection in before it is connected. */
export function proving(upgrader: Upgrader): Upgrader {
  return Object.assign(Object.create(upgrader) as Upgrader, {
    upgradeInbound: (async (connection, options) => {
      await whenConnected((connection as WebRTCConnection).peerConnection, options?.signal)
      return upgrader.upgradeInbound(connection, options)
    }) as Upgrader['upgradeInbound'],
  })
}

/** @throws UnreachableError when it has failed, or is not connected in time */
function whenConnected(peerConnection: PeerConnection, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (peerConnection.connectionState === 'connected') end()
      else if (peerConnection.connectionState === 'failed' || peerConnection.connectionState === 'closed') giveUp()
    }
    const giveUp = (): void =>
      end(new UnreachableError(`the peer that dialled found no direct path: the connection is "${peerConnection.connectionState}"`))
    const timer = setTimeout(giveUp, LAG_MS)
    const end = (error?: Error): void => {
      clearTimeout(timer)
      peerConnection.removeEventListener('connectionstatechange', look)
      signal?.removeEventListener('abort', giveUp)
      if (error === undefined) resolve()
      else reject(error)
    }
    peerConnection.addEventListener('connectionstatechange', look)
    signal?.addEventListener('abort', giveUp)
    if (signal?.aborted === true) giveUp()
    else look()
  })
}
