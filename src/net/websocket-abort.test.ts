import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { abortableWebSockets } from './websocket-abort.ts'
import type { Libp2p } from '@libp2p/interface'

const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 5_000, interval: 10 })

describe('a WebSocket connection', () => {
  const nodes: Libp2p[] = []
  const start = async (): Promise<Libp2p> => {
    const node = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
      transports: [abortableWebSockets()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
      // Nobody is to notice by pings.
      connectionMonitor: { enabled: false },
    })
    nodes.push(node)
    return node
  }
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()))
  })

  it.each(['who dialled', 'who listened'])('that is aborted by the one %s is closed for the other', async (who) => {
    const [dialler, listener] = [await start(), await start()]
    await dialler.dial(listener.getMultiaddrs())
    await until(() => expect(listener.getConnections().length).toBe(1))
    const [one, other] = who === 'who dialled' ? [dialler, listener] : [listener, dialler]
    one.getConnections()[0]?.abort(new Error('hung up'))
    await until(() => expect(other.getConnections().length).toBe(0))
  })
})
