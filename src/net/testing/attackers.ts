import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { encodeCanonical } from '../../domain/ids.ts'
import { encodeMessage } from '../../room/message.ts'
import { WIRE_VERSION } from '../../room/wire/constants.ts'
import { encodeFrame, joinParts } from '../../room/wire/frame.ts'
import { encodeMessage as encodeExchange } from '../../store/exchange-message.ts'
import { parseRelay } from '../addresses.ts'
import { reopenGossipStreams } from '../gossip-streams.ts'
import { generateKey, keyFromBytes } from '../keys.ts'
import { memberOptions } from '../libp2p-options.ts'
import { encodeNotice } from '../presence.ts'
import { encodeRegistry } from '../registry.ts'
import { hostile, onStream, seeded } from './hostile.ts'
import type { PeerId } from '../../domain/ids.ts'
import type { RoomfulLibp2p } from '../libp2p-options.ts'

/** Messages on one stream, if it lasts so long. */
const PER_STREAM = 50
/** Messages after which an attacker that nobody has punished is believed to go unpunished. */
const MOST_UNPUNISHED = 20_000
/** Messages of one identity on a topic: above, a fresh one goes on, since nothing of the old one is heard any more. */
const PER_PUBLISHER = 5_000
export const PATIENCE_MS = 60_000
export const ROOM = 'jobprocessing_siege_0'

/** What is to be attacked, and with how much. */
export interface Order {
  /** Multiaddr of the relay over which attackers come. */
  relay: string
  /** Hostile messages, at least. */
  count: number
  seed: number
  target: StreamTarget | TopicTarget
}

export interface StreamTarget {
  kind: 'streams'
  samples: keyof typeof SAMPLES
  address: string
  protocol: string
}

export interface TopicTarget {
  kind: 'topic'
  topic: string
}

/** What an attack came to. */
export interface Spent {
  sent: number
  /** Identities that the attacker used up. */
  identities: number
  /** How many of them were refused a connection, or not heard any more, in the end. */
  punished: number
}

/** Asks the besieged whether they still listen to a peer's gossip. */
export type IsHeard = (peer: PeerId) => Promise<boolean>

export async function attack(order: Order, isHeard: IsHeard): Promise<Spent> {
  const { target } = order
  return target.kind === 'streams' ? storm(order, target) : flood(order, target, isHeard)
}

/** Streams of one protocol, one after the other, from identities that are given up when they are refused. */
async function storm({ relay, count, seed }: Order, { address, protocol, samples }: StreamTarget): Promise<Spent> {
  const random = seeded(seed)
  const spent: Spent = { sent: 0, identities: 0, punished: 0 }
  while (spent.sent < count) {
    const attacker = await enter(relay)
    const good = SAMPLES[samples](attacker.peerId.toString())
    spent.identities++
    let refusals = 0
    const most = spent.sent + MOST_UNPUNISHED
    while (refusals < 3 && spent.sent < most) {
      try {
        const stream = await attacker.dialProtocol(multiaddr(address), protocol, {
          runOnLimitedConnection: true,
          signal: AbortSignal.timeout(5_000),
        })
        for (let i = 0; i < PER_STREAM && stream.writeStatus === 'writable'; i++, spent.sent++) {
          // A good beginning, now and then, gets the rest further in.
          const message = i === 0 && random() < 0.5 ? (good[0] ?? new Uint8Array()) : hostile(random, good)
          stream.send(onStream(random, message))
        }
        await stream.close({ signal: AbortSignal.timeout(5_000) }).catch(() => stream.abort(new Error('next')))
      } catch {
        refusals++
      }
    }
    if (refusals === 3) spent.punished++
    await attacker.stop()
  }
  return spent
}

async function flood({ relay, count, seed }: Order, { topic }: TopicTarget, isHeard: IsHeard): Promise<Spent> {
  const random = seeded(seed)
  const relayId = parseRelay(relay).peer
  const spent: Spent = { sent: 0, identities: 0, punished: 0 }
  const samples = topic.startsWith('/orbitdb/') ? DATABASE_SAMPLES : ROOM_SAMPLES
  while (spent.sent < count) {
    const attacker = await enter(relay)
    const { pubsub } = attacker.services
    spent.identities++
    const reopening = reopenGossipStreams(attacker)
    await until(() => pubsub.getSubscribers(topic).some((peer) => peer.toString() === relayId), AbortSignal.timeout(PATIENCE_MS))
    const shout = async (): Promise<void> => {
      spent.sent++
      await pubsub.publish(topic, hostile(random, samples)).catch(() => undefined)
    }
    const most = Math.min(count, spent.sent + PER_PUBLISHER)
    while (spent.sent < most) await shout()
    // An oversized one ends its stream, and what it says until it has another one is lost: it goes on.
    const patience = AbortSignal.timeout(PATIENCE_MS)
    let heard = await isHeard(attacker.peerId.toString())
    while (heard && !patience.aborted) {
      await shout()
      await new Promise((resolve) => setTimeout(resolve, 10))
      heard = await isHeard(attacker.peerId.toString())
    }
    if (!heard) spent.punished++
    reopening()
    await attacker.stop()
  }
  return spent
}

/** A fresh identity, connected to the relay. */
async function enter(address: string): Promise<RoomfulLibp2p> {
  const relay = parseRelay(address)
  const attacker: RoomfulLibp2p = await createLibp2p(
    memberOptions({
      privateKey: keyFromBytes(await generateKey()),
      relays: [relay],
      rtcConfiguration: { iceServers: [] },
      direct: false,
      isBanned: () => false,
      introduces: () => false,
      permits: () => true,
      isLinked: () => false,
    }),
  )
  await attacker.dial(relay.multiaddr)
  return attacker
}

const text = (name: string): Uint8Array => new TextEncoder().encode(name)
const DIGESTS = new Uint8Array(64)

/** Good messages of a peer, for each protocol; the first is one that a stream may begin with. */
const SAMPLES = {
  wires: (peer: PeerId) => [
    joinParts(encodeFrame({ kind: 'hello', version: WIRE_VERSION, session: '00112233445566ff', stream: 1, first: 1, peer })),
    joinParts(encodeFrame({ kind: 'data', sequence: 7, message: new Uint8Array(40) })),
    joinParts(encodeFrame({ kind: 'ack', sequence: 2 ** 40 })),
    joinParts(encodeFrame({ kind: 'ping', token: 3 })),
    encodeCanonical({ nothing: 'of the kind' }),
  ],
  bulk: () => [text('bafy'), text('x'.repeat(600))],
  reporter: () => [text(ROOM), text('x'.repeat(300))],
  presence: () => [encodeNotice({ topic: ROOM, peers: ['a', 'b'] })],
  registry: (self: PeerId) => [
    encodeRegistry({ find: self } as never),
    encodeRegistry({ put: { entry: { peer: self }, signature: DIGESTS } } as never),
  ],
  records: () => [
    encodeExchange({ kind: 'offer', live: DIGESTS, rest: DIGESTS, archive: false }),
    encodeExchange({ kind: 'page', entries: [DIGESTS] }),
    encodeExchange({ kind: 'done', want: DIGESTS }),
  ],
}

const DATABASE_SAMPLES = [
  encodeExchange({ kind: 'state', state: new Uint8Array(32), archive: false }),
  encodeExchange({ kind: 'entry', entry: new Uint8Array(200) }),
]

/** A room's message that changes nothing. */
export const HARMLESS = encodeMessage({
  block: 'siege',
  microjob: 0,
  term: 1,
  body: { case: 'joinRefused', value: { peer: 'nobody', reason: 'none', retryAfterMs: 1 } },
})
const ROOM_SAMPLES = [HARMLESS]

export async function until(condition: () => boolean, signal: AbortSignal): Promise<void> {
  while (!condition()) {
    signal.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
