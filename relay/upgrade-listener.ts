import { abortableWebSockets } from '../src/net/websocket-abort.ts'
import { RelayConfigError } from './errors.ts'
import type { Listener, Transport } from '@libp2p/interface'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void
type WebSocketComponents = Parameters<ReturnType<typeof abortableWebSockets>>[0]

/** What @libp2p/websockets 10 has on its listener beside the interface. */
interface UpgradingListener extends Listener {
  onUpgrade?: Upgrade
  wsServer?: { options: { maxPayload?: number } }
}

/**
 * libp2p's WebSocket transport, with its listener's upgrade handler within reach, so that one HTTP server carries both
 * the app and the WebSockets and libp2p sees each client's own address. libp2p insists on a socket of its own; it
 * listens on a loopback port that nobody is told of.
 */
export class UpgradeListener {
  #upgrade: Upgrade | null = null
  readonly #maxMessageBytes: number

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes
  }

  transport(): (components: WebSocketComponents) => Transport {
    const create = abortableWebSockets()
    return (components) => {
      const transport = create(components)
      const createListener = transport.createListener.bind(transport)
      transport.createListener = (options) => {
        const listener: UpgradingListener = createListener(options)
        if (listener.onUpgrade === undefined || listener.wsServer === undefined) {
          throw new RelayConfigError('this version of @libp2p/websockets takes no upgrades from another server: use 10.1')
        }
        this.#upgrade = listener.onUpgrade.bind(listener)
        listener.wsServer.options.maxPayload = this.#maxMessageBytes
        return listener
      }
      return transport
    }
  }

  /** Hands an HTTP upgrade request to libp2p. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#upgrade === null) socket.destroy()
    else this.#upgrade(request, socket, head)
  }
}
