/**
 * Mends @libp2p/webrtc 6.0.33. There the dialler opens a data channel `init` to gather candidates, waits until it is
 * open, closes it and waits until it is closed, while the recipient closes the same channel as soon as it sees it.
 * - If the recipient is first, the dialler waits for an `open` that never comes, and about one dial in six hangs until
 *   its timeout. The cure: only the side that created `init` may close it. The recipient's channel follows by itself.
 * - If the recipient is Firefox (153) and hears of the closing before it has told its page of the channel, it forgets to
 *   answer, and four dials in ten hang although both sides are connected. The cure: the dialler does not wait for long.
 */
const MENDED = Symbol.for('roomful.webrtc-init-channel')

/** How long the dialler waits for the other side to close `init` too, ms. Its number is not used again before. */
const CLOSE_MS = 100

interface InitChannel extends EventTarget {
  readonly label: string
  close(): void
}

interface PeerConnection {
  createAnswer: (...args: never[]) => unknown
  createDataChannel: (label: string, ...rest: never[]) => InitChannel
  addEventListener(type: 'datachannel', listener: (event: { channel: InitChannel }) => void): void
  [MENDED]?: boolean
}

/** Mends a connection class by its prototype. Doing it twice does nothing. */
export function mendInitChannel(connectionClass: { prototype: unknown }): void {
  const prototype = connectionClass.prototype as PeerConnection
  if (prototype[MENDED] === true) return
  Object.defineProperty(prototype, MENDED, { value: true })
  const { createAnswer, createDataChannel } = prototype
  // Only a recipient makes an answer, and it does so before any channel of the dialler can arrive.
  prototype.createAnswer = function (this: PeerConnection, ...args: never[]): unknown {
    this.addEventListener('datachannel', ({ channel }) => {
      if (channel.label === 'init') channel.close = () => undefined
    })
    return createAnswer.apply(this, args)
  }
  prototype.createDataChannel = function (this: PeerConnection, label: string, ...rest: never[]): InitChannel {
    const channel = createDataChannel.call(this, label, ...rest)
    if (label === 'init') closeSoon(channel)
    return channel
  }
}

function closeSoon(channel: InitChannel): void {
  const close = channel.close.bind(channel)
  channel.close = () => {
    const late = setTimeout(() => channel.dispatchEvent(new Event('close')), CLOSE_MS)
    channel.addEventListener('close', () => clearTimeout(late), { once: true })
    close()
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
