import type { PeerId } from '../../domain/ids.ts'
import type { Unsubscribe, WireStats } from '../ports.ts'

/** One stream of frames to or from one peer. */
export interface FrameStream {
  /**
   * Takes a frame, given as parts that the caller does not change afterwards. False: the stream is full, and
   * `onReady` follows when it is not; what was given was taken all the same. Never throws: a stream that broke has
   * called, or is about to call, `onBroken`.
   */
  send(parts: readonly Uint8Array[]): boolean
  /** Lets go of the stream at once. No event follows. Closing twice does nothing. */
  close(): void
}

/** What happens on a stream. Frames arrive whole and in order. */
export interface FrameStreamEvents {
  onFrame(frame: Uint8Array): void
  onReady(): void
  /** At most once, and last. */
  onBroken(reason: string): void
}

/**
 * What a transport needs of a network: streams to peers, whose names the network vouches for. Implemented by libp2p
 * streams, message channels and memory; dispatchers and receivers are the same on all of them.
 */
export interface StreamPort {
  readonly self: PeerId
  /** Opens a stream on the best path there is, making one if there is none. Rejects when that fails or is aborted. */
  open(peer: PeerId, events: FrameStreamEvents, signal: AbortSignal): Promise<FrameStream>
  /** Says what to do with streams that others open. Called once, before anything arrives. */
  accept(handler: (peer: PeerId, stream: FrameStream) => FrameStreamEvents): void
  /** Peers to be kept within reach, directly where possible. Replaces the former list. */
  want(peers: readonly PeerId[]): void
  link(peer: PeerId): WireStats['link']
  /** A better path to the peer came up: a stream that is opened now takes it. */
  onBetterPath(handler: (peer: PeerId) => void): Unsubscribe
  /** Runs the callback soon, never within this call. */
  defer(callback: () => void): void
  /** Reports an error thrown by somebody else's handler, so that it is seen and harms nobody. */
  report(error: unknown): void
  /** The peer has broken the protocol again and again: nothing more is to be taken from it for a while. */
  punish(peer: PeerId): void
  stop(): Promise<void>
}
