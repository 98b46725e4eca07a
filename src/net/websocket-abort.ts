import { webSockets } from '@libp2p/websockets'
import type { MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'

/**
 * Mends @libp2p/websockets 10.1.21. There a connection that is aborted closes its socket with the code 1006, which no
 * WebSocket takes, neither a browser's nor that of `ws`: it throws, and the socket stays open for as long as the other
 * side wants. Whoever was hung up on goes on talking to nobody until its pings fail, and a relay loses a socket with
 * each. The cure: the socket is closed without a code.
 */
interface WebSocketConnection extends MultiaddrConnection {
  websocket: { close(): void }
  sendReset(): void
}

type WebSocketComponents = Parameters<ReturnType<typeof webSockets>>[0]

/** libp2p's WebSocket transport, whose connections end on both sides when one aborts them. */
export function abortableWebSockets(): (components: WebSocketComponents) => Transport {
  const create = webSockets()
  return (components) => {
    const transport: Transport = create(components)
    const dial = transport.dial.bind(transport)
    const createListener = transport.createListener.bind(transport)
    transport.dial = (address, options) => dial(address, { ...options, upgrader: mend(options.upgrader) })
    transport.createListener = (options) => createListener({ ...options, upgrader: mend(options.upgrader) })
    return transport
  }
}

/** Every connection passes through the upgrader first. */
function mend(upgrader: Upgrader): Upgrader {
  return Object.assign(Object.create(upgrader) as Upgrader, {
    upgradeInbound: ((connection, options) => upgrader.upgradeInbound(closing(connection), options)) as Upgrader['upgradeInbound'],
    upgradeOutbound: ((connection, options) => upgrader.upgradeOutbound(closing(connection), options)) as Upgrader['upgradeOutbound'],
  })
}

function closing(connection: MultiaddrConnection): MultiaddrConnection {
  const socket = connection as WebSocketConnection
  socket.sendReset = () => socket.websocket.close()
  return socket
}
