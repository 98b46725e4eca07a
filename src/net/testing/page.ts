import { createLibp2p } from 'libp2p'
import { directAddress, parseRelay } from '../addresses.ts'
import { generateKey, keyFromBytes } from '../keys.ts'
import { memberOptions } from '../libp2p-options.ts'
import { createNetwork } from '../network.ts'
import { createSystemClock } from '../system-clock.ts'
import { mendWebRTC } from '../webrtc-init-channel.ts'
import type { RoomfulLibp2p } from '../libp2p-options.ts'
import type { Network, NetworkInit } from '../network.ts'

/** What tests and benchmarks drive in a tab: the network itself, and a record of what arrived. */
export interface TestPage {
  createNetwork: typeof createNetwork
  createSystemClock: typeof createSystemClock
  network: Network | null
  /** ms since the page's time origin. */
  events: { at: number; what: string }[]
  received: { from: string; bytes: number; first: number }[]
  /** Starts a bare node, which keeps no links: connections are there as long as the test wants them. Gives its peer id. */
  startBare(relay: string): Promise<string>
  /** From a bare node: makes a direct connection and closes it, so many times. Gives the reasons of those that did not come. */
  dial(relay: string, peer: string, times: number): Promise<string[]>
  start(relays: string[], more?: Partial<Omit<NetworkInit, 'relays'>>): Promise<string>
}

/** Nobody is refused, and nobody is introduced. */
const RULES = { isBanned: () => false, introduces: () => false, permits: () => true, isLinked: () => false }

let bare: RoomfulLibp2p | null = null

const page: TestPage = {
  createNetwork,
  createSystemClock,
  network: null,
  events: [],
  received: [],
  async startBare(relay) {
    await mendWebRTC()
    const at = parseRelay(relay)
    const privateKey = keyFromBytes(await generateKey())
    bare = await createLibp2p(memberOptions({ privateKey, relays: [at], rtcConfiguration: {}, direct: true, ...RULES }))
    await bare.dial(at.multiaddr)
    while (!bare.getMultiaddrs().some((address) => address.toString().includes('/p2p-circuit')))
      await new Promise((resolve) => bare!.addEventListener('self:peer:update', resolve, { once: true }))
    return bare.peerId.toString()
  },
  async dial(relay, peer, times) {
    const failed: string[] = []
    for (let i = 0; i < times; i++) {
      try {
        const connection = await bare!.dial(directAddress(parseRelay(relay), peer))
        // The relayed one that introduced them too: each dial begins from nothing.
        await Promise.all(bare!.getConnections(connection.remotePeer).map((each) => each.close()))
      } catch (error) {
        failed.push(String(error))
      }
    }
    return failed
  },
  async start(relays, more = {}) {
    const network = await createNetwork({ relays, validate: () => 'accept', ...more })
    page.network = network
    const note = (what: string): void => {
      page.events.push({ at: performance.now(), what })
    }
    network.links.onLink(({ to, detail }) => note(`link ${to} ${detail}`.trim()))
    network.links.onChange(() => {
      for (const { state } of network.links.snapshot().relays) {
        if (page.events.findLast(({ what }) => what.startsWith('relay'))?.what !== `relay ${state}`) note(`relay ${state}`)
      }
    })
    network.transport.onConnection((peer, up) => note(`member ${peer} ${up ? 'up' : 'down'}`))
    network.transport.onMessage((from, message) => {
      page.received.push({ from, bytes: message.length, first: message[0] ?? -1 })
    })
    network.pubsub.onMessage((topic, _from, message) => note(`gossip ${topic} ${message.length}`))
    return network.peerId
  },
}
Object.assign(globalThis, { page })
