import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryBlockstore } from 'blockstore-core'
import { MemoryDatastore } from 'datastore-core'
import { createLibp2p } from 'libp2p'
import { createArchive } from '../../../relay/archive.ts'
import { createRelay } from '../../../relay/relay.ts'
import { encodeCanonical } from '../../domain/ids.ts'
import { encodeMessage } from '../../room/message.ts'
import { jobRecord, sign } from '../../room/store-fixtures.ts'
import { ROOM_PROTOCOL, WIRE_VERSION } from '../../room/wire/constants.ts'
import { encodeFrame, joinParts } from '../../room/wire/frame.ts'
import { encodeMessage as encodeExchange } from '../../store/exchange-message.ts'
import { openStore } from '../../store/index.ts'
import { parseRelay } from '../addresses.ts'
import { BULK_PROTOCOL } from '../bulk.ts'
import { scoreOf } from '../gossip-score.ts'
import { reopenGossipStreams } from '../gossip-streams.ts'
import { generateKey, keyFromBytes } from '../keys.ts'
import { memberOptions } from '../libp2p-options.ts'
import { createNetwork } from '../network.ts'
import { PRESENCE_PROTOCOL, encodeNotice } from '../presence.ts'
import { REGISTRY_PROTOCOL, encodeRegistry } from '../registry.ts'
import { REPORT_PROTOCOL } from '../reporter.ts'
import { validateRoomTopic } from '../topic-rules.ts'
import { hostile, onStream, seeded } from './hostile.ts'
import type { Relay } from '../../../relay/relay.ts'
import type { PeerId } from '../../domain/ids.ts'
import type { Store } from '../../store/index.ts'
import type { RoomfulLibp2p } from '../libp2p-options.ts'
import type { Network } from '../network.ts'

const ROOM = 'jobprocessing_siege_0'
const LOBBY = 'jobprocessing_siege'
const REQUESTS = 'roomful/requests'
/** Messages on one stream, if it lasts so long. */
const PER_STREAM = 50
/** Messages after which an attacker that nobody has punished is believed to go unpunished. */
const MOST_UNPUNISHED = 20_000
/** Messages of one identity on a topic: above, a fresh one goes on, since nothing of the old one is heard any more. */
const PER_PUBLISHER = 5_000
/** Score below which gossipsub hears nothing of a peer. */
const GRAYLIST = -80
const PATIENCE_MS = 60_000

/** What a flood of hostile messages did to one protocol or topic. */
export interface SiegeReport {
  target: string
  sent: number
  /** Identities that the attacker used up. */
  identities: number
  /** How many of them were refused a connection, or not heard any more, in the end. */
  punished: number
  /** Heap that is kept after it, MiB: the attackers run in the same process, and theirs counts as well. */
  keptMiB: number
  seconds: number
}

interface Honest {
  network: Network
  store: Store
}

/** A relay with an archive, two honest nodes that work over it, and attackers who come with ever new identities. */
export class Siege {
  readonly relay: Relay
  readonly honest: readonly [Honest, Honest]
  readonly #directory: string
  /** What the honest nodes were given on the topics, and should not have been. */
  readonly leaked: Uint8Array[] = []
  #records = 0

  private constructor(relay: Relay, honest: [Honest, Honest], directory: string) {
    this.relay = relay
    this.honest = honest
    this.#directory = directory
    for (const { network } of honest) {
      network.transport.setMembers(honest.map((each) => each.network.peerId))
      for (const topic of [ROOM, LOBBY, REQUESTS]) network.pubsub.subscribe(topic)
      network.pubsub.onMessage((topic, from, message) => {
        if (validateRoomTopic(topic, from, message) !== 'accept') this.leaked.push(message)
      })
    }
  }

  static async open(): Promise<Siege> {
    const directory = await mkdtemp(join(tmpdir(), 'roomful-siege-'))
    const relay = await createRelay({
      port: 0,
      dataDir: directory,
      limits: { connectionRatePerAddress: 10_000 },
      services: [async (parts) => createArchive(parts)],
    })
    const join_ = async (): Promise<Honest> => {
      const network = await createNetwork({ relays: [relay.multiaddr], direct: false })
      const { libp2p, signer } = network
      return {
        network,
        store: await openStore({
          libp2p,
          signer,
          blockstore: new MemoryBlockstore(),
          datastore: new MemoryDatastore(),
          onOffence: network.offence,
        }),
      }
    }
    const siege = new Siege(relay, [await join_(), await join_()], directory)
    await siege.honestTraffic()
    return siege
  }

  /** Names of what can be attacked. */
  get targets(): string[] {
    return [...Object.keys(this.#protocols()), ...this.#topics()]
  }

  /** Rejects unless a wire message, a room's message and a record still get from one honest node to the other. */
  async honestTraffic(): Promise<void> {
    const [a, b] = this.honest
    const message = leave()
    let heard = false
    const arrivals = [
      new Promise<void>((resolve) => {
        const end = b.network.transport.onMessage((from) => {
          if (from !== a.network.peerId) return
          end()
          resolve()
        })
      }),
      new Promise<void>((resolve) => {
        const end = b.network.pubsub.onMessage((topic, from) => {
          if (topic !== ROOM || from !== a.network.peerId) return
          end()
          heard = true
          resolve()
        })
      }),
    ]
    const record = jobRecord(a.network.signer, `honest ${this.#records++}`, Date.now())
    await a.store.jobs.put(await sign(a.network.signer, record))
    a.network.transport.send(b.network.peerId, message)
    const stop = AbortSignal.timeout(PATIENCE_MS)
    await until(() => a.network.pubsub.subscribers(ROOM).includes(b.network.peerId), stop)
    // Gossip before the relay has a stream to everybody is lost, and so rooms say everything again.
    const publish = until(() => {
      a.network.pubsub.publish(ROOM, message)
      return heard
    }, stop)
    await Promise.race([
      Promise.all([
        ...arrivals,
        publish,
        until(() => b.store.jobs.records().some((each) => each.kind === 'job' && each.job === record.job), stop),
      ]),
      new Promise((_, reject) => stop.addEventListener('abort', () => reject(new Error('honest traffic does not flow')))),
    ])
  }

  isTopic(target: string): boolean {
    return this.#protocols()[target] === undefined
  }

  /** Sends at least so many hostile messages to one target, and goes on until the last identity is punished. */
  async attack(target: string, count: number, seed: number, settleMs = 0): Promise<SiegeReport> {
    const random = seeded(seed)
    const started = performance.now()
    const before = heapAfterGarbage()
    const protocol = this.#protocols()[target]
    const spent = protocol === undefined ? await this.#flood(target, count, random) : await this.#storm(protocol, count, random)
    // gossipsub holds messages for a few heartbeats in case that somebody asks for them again.
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    return {
      target,
      ...spent,
      keptMiB: Math.round((heapAfterGarbage() - before) / 2 ** 20),
      seconds: Math.round((performance.now() - started) / 100) / 10,
    }
  }

  async stop(): Promise<void> {
    for (const { store, network } of this.honest) {
      await store.stop()
      await network.stop()
    }
    await this.relay.stop()
    await rm(this.#directory, { recursive: true, force: true })
  }

  #protocols(): Record<string, StreamTarget> {
    const [, b] = this.honest
    const node = `${this.relay.multiaddr}/p2p-circuit/p2p/${b.network.peerId}`
    const relay = this.relay.multiaddr
    const text = (name: string): Uint8Array => new TextEncoder().encode(name)
    const records = `/roomful/records/1.0.0${this.#topics().find((topic) => topic.startsWith('/orbitdb/')) ?? ''}`
    const digests = new Uint8Array(64)
    return {
      wires: { address: node, protocol: ROOM_PROTOCOL, samples: wireSamples },
      bulk: { address: node, protocol: BULK_PROTOCOL, samples: () => [text('bafy'), text('x'.repeat(600))] },
      reporter: { address: node, protocol: REPORT_PROTOCOL, samples: () => [text(ROOM), text('x'.repeat(300))] },
      presence: { address: relay, protocol: PRESENCE_PROTOCOL, samples: () => [encodeNotice({ topic: ROOM, peers: ['a', 'b'] })] },
      registry: {
        address: relay,
        protocol: REGISTRY_PROTOCOL,
        samples: (self) => [
          encodeRegistry({ find: self } as never),
          encodeRegistry({ put: { entry: { peer: self }, signature: digests } } as never),
        ],
      },
      records: {
        address: relay,
        protocol: records,
        samples: () => [
          encodeExchange({ kind: 'offer', live: digests, rest: digests, archive: false }),
          encodeExchange({ kind: 'page', entries: [digests] }),
          encodeExchange({ kind: 'done', want: digests }),
        ],
      },
    }
  }

  #topics(): string[] {
    const database = this.relay.libp2p.services.pubsub.getTopics().filter((topic) => topic.startsWith('/orbitdb/'))
    return [ROOM, LOBBY, REQUESTS, ...database]
  }

  /** Streams of one protocol, one after the other, from identities that are given up when they are refused. */
  async #storm({ address, protocol, samples }: StreamTarget, count: number, random: () => number): Promise<Spent> {
    const spent: Spent = { sent: 0, identities: 0, punished: 0 }
    while (spent.sent < count) {
      const attacker = await this.#attacker()
      const good = samples(attacker.peerId.toString())
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

  async #flood(topic: string, count: number, random: () => number): Promise<Spent> {
    const spent: Spent = { sent: 0, identities: 0, punished: 0 }
    const relay = this.relay.libp2p
    const samples = topic.startsWith('/orbitdb/')
      ? [
          encodeExchange({ kind: 'state', state: new Uint8Array(32), archive: false }),
          encodeExchange({ kind: 'entry', entry: new Uint8Array(200) }),
        ]
      : [leave(), encodeMessage({ ...ENVELOPE, body: { case: 'joinRefused', value: { peer: 'p', reason: 'r', retryAfterMs: 1 } } })]
    while (spent.sent < count) {
      const attacker = await this.#attacker()
      const { pubsub } = attacker.services
      spent.identities++
      const reopening = reopenGossipStreams(attacker)
      await until(() => pubsub.getSubscribers(topic).some((peer) => peer.equals(relay.peerId)), AbortSignal.timeout(PATIENCE_MS))
      const shout = async (): Promise<void> => {
        spent.sent++
        await pubsub.publish(topic, hostile(random, samples)).catch(() => undefined)
      }
      const most = Math.min(count, spent.sent + PER_PUBLISHER)
      while (spent.sent < most) await shout()
      // An oversized one ends its stream, and what it says until it has another one is lost: it goes on.
      const heard = (): boolean => scoreOf(relay.services.pubsub, attacker.peerId.toString()) > GRAYLIST
      const patience = AbortSignal.timeout(PATIENCE_MS)
      while (heard() && !patience.aborted) {
        await shout()
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      if (!heard()) spent.punished++
      reopening()
      await attacker.stop()
    }
    return spent
  }

  async #attacker(): Promise<RoomfulLibp2p> {
    const relay = parseRelay(this.relay.multiaddr)
    const attacker: RoomfulLibp2p = await createLibp2p(
      memberOptions({
        privateKey: keyFromBytes(await generateKey()),
        relays: [relay],
        rtcConfiguration: { iceServers: [] },
        direct: false,
        isBanned: () => false,
      }),
    )
    await attacker.dial(relay.multiaddr)
    return attacker
  }
}

interface StreamTarget {
  address: string
  protocol: string
  /** Good messages of a peer; the first is one that a stream may begin with. */
  samples(self: PeerId): Uint8Array[]
}

type Spent = Pick<SiegeReport, 'sent' | 'identities' | 'punished'>

const ENVELOPE = { block: 'siege', microjob: 0, term: 1 }

function leave(): Uint8Array {
  return encodeMessage({ ...ENVELOPE, body: { case: 'joinRefused', value: { peer: 'nobody', reason: 'none', retryAfterMs: 1 } } })
}

function wireSamples(peer: PeerId): Uint8Array[] {
  return [
    joinParts(encodeFrame({ kind: 'hello', version: WIRE_VERSION, session: '00112233445566ff', stream: 1, first: 1, peer })),
    joinParts(encodeFrame({ kind: 'data', sequence: 7, message: new Uint8Array(40) })),
    joinParts(encodeFrame({ kind: 'ack', sequence: 2 ** 40 })),
    joinParts(encodeFrame({ kind: 'ping', token: 3 })),
    encodeCanonical({ nothing: 'of the kind' }),
  ]
}

async function until(condition: () => boolean, signal: AbortSignal): Promise<void> {
  while (!condition()) {
    signal.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function heapAfterGarbage(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
