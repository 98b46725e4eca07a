/**
 * Mends @libp2p/webrtc 6.0.33. There the dialler opens a data channel `init` to gather candidates, waits until it is
 * open and closes it, while the recipient closes the same channel as soon as it sees it. If the recipient is first,
 * the dialler waits for an `open` that never comes, and about one dial in six hangs until its timeout. The cure: only
 * the side that created `init` may close it. The recipient's channel follows by itself.
 */
const MENDED = Symbol.for('roomful.webrtc-init-channel')

interface InitChannel {
  readonly label: string
  close(): void
}

interface AnsweringConnection {
  createAnswer: (...args: never[]) => unknown
  addEventListener(type: 'datachannel', listener: (event: { channel: InitChannel }) => void): void
  [MENDED]?: boolean
}

/** Mends a connection class by its prototype. Doing it twice does nothing. */
export function mendInitChannel(connectionClass: { prototype: unknown }): void {
  const prototype = connectionClass.prototype as AnsweringConnection
  if (prototype[MENDED] === true) return
  Object.defineProperty(prototype, MENDED, { value: true })
  const { createAnswer } = prototype
  // Only a recipient makes an answer, and it does so before any channel of the dialler can arrive.
  prototype.createAnswer = function (this: AnsweringConnection, ...args: never[]): unknown {
    this.addEventListener('datachannel', ({ channel }) => {
      if (channel.label === 'init') channel.close = () => undefined
    })
    return createAnswer.apply(this, args)
  }
}

/** Mends what this runtime speaks WebRTC with: the browser's own class, or node-datachannel's in Node. */
export async function mendWebRTC(): Promise<void> {
  if (typeof globalThis.RTCPeerConnection === 'function') return mendInitChannel(globalThis.RTCPeerConnection)
  if (typeof process === 'undefined') return
  // Through a variable, so that bundlers for the browser leave it alone. It is a dependency of @libp2p/webrtc.
  const name = 'node-datachannel/polyfill'
  const { RTCPeerConnection } = (await import(/* @vite-ignore */ name)) as { RTCPeerConnection: { prototype: unknown } }
  mendInitChannel(RTCPeerConnection)
}
