import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { createNetwork } from '../src/net/network.ts'

/** Plain libp2p clients of the relay benchmark: they reserve, stay, and say how long each reservation took. */
const relay = multiaddr(process.env['RELAY'] ?? '')
const count = Number(process.env['COUNT'])

const PATIENCE_MS = 20_000
let retries = 0

/** Reserves and stays; ms it took. Under load libp2p gives an attempt up for good: then another node tries. */
async function reserve(): Promise<number> {
  const start = performance.now()
  for (;;) {
    const node = await createLibp2p({
      addresses: { listen: ['/p2p-circuit'] },
      transports: [webSockets(), circuitRelayTransport()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
      services: { identify: identify() },
    })
    const until = performance.now() + PATIENCE_MS
    const reserved = (): boolean => node.getMultiaddrs().some((address) => address.toString().includes('p2p-circuit'))
    try {
      await node.dial(relay)
      while (!reserved() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5))
    } catch {
      // Counted below.
    }
    if (reserved()) return performance.now() - start
    retries++
    await node.stop()
  }
}

process.on('disconnect', () => process.exit(0))
if (process.env['EXPECT_REFUSAL'] === '1') {
  const network = await createNetwork({ relays: [relay.toString()], direct: false })
  network.links.onChange(() => {
    const [state] = network.links.snapshot().relays
    if (state?.state === 'unreachable') process.send?.({ type: 'refused', reason: state.detail })
  })
} else {
  const times: number[] = []
  // A few at a time: a crowd that comes all in one second measures its own machine.
  for (let done = 0; done < count; done += 10) {
    times.push(...(await Promise.all(Array.from({ length: Math.min(10, count - done) }, reserve))))
  }
  process.send?.({ type: 'reserved', times, retries })
}
