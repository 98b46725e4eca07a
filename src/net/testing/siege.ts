import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { MemoryBlockstore } from 'blockstore-core'
import { MemoryDatastore } from 'datastore-core'
import { createArchive } from '../../../relay/archive.ts'
import { createRelay } from '../../../relay/relay.ts'
import { jobRecord, sign } from '../../room/store-fixtures.ts'
import { ROOM_PROTOCOL } from '../../room/wire/constants.ts'
import { openStore } from '../../store/index.ts'
import { BULK_PROTOCOL } from '../bulk.ts'
import { scoreOf } from '../gossip-score.ts'
import { createNetwork } from '../network.ts'
import { PRESENCE_PROTOCOL } from '../presence.ts'
import { REGISTRY_PROTOCOL } from '../registry.ts'
import { REPORT_PROTOCOL } from '../reporter.ts'
import { validateRoomTopic } from '../topic-rules.ts'
import { HARMLESS, PATIENCE_MS, ROOM, until } from './attackers.ts'
import type { Relay } from '../../../relay/relay.ts'
import type { PeerId } from '../../domain/ids.ts'
import type { Store } from '../../store/index.ts'
import type { Network } from '../network.ts'
import type { Order, Spent, StreamTarget } from './attackers.ts'

const LOBBY = 'jobprocessing_siege'
const REQUESTS = 'roomful/requests'
/** Score below which gossipsub hears nothing of a peer. */
const GRAYLIST = -80

/** What a flood of hostile messages did to one protocol or topic. */
export interface SiegeReport extends Spent {
  target: string
  /** Heap of the relay and the honest nodes that is kept after it, MiB. The attackers have one of their own. */
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
  readonly #attackers = new Worker(new URL('./attack-worker.ts', import.meta.url))
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
    const message = HARMLESS
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
    const started = performance.now()
    const before = heapAfterGarbage()
    const spent = await this.#carryOut({
      relay: this.relay.multiaddr,
      count,
      seed,
      target: this.#protocols()[target] ?? { kind: 'topic', topic: target },
    })
    // gossipsub holds messages for a few heartbeats in case that somebody asks for them again.
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    return {
      target,
      ...spent,
      keptMiB: Math.round((heapAfterGarbage() - before) / 2 ** 20),
      seconds: Math.round((performance.now() - started) / 100) / 10,
    }
  }

  /** Lets the attackers loose, and tells them whom the relay's gossip still listens to. */
  #carryOut(order: Order): Promise<Spent> {
    return new Promise((resolve, reject) => {
      const hear = (message: { peer: PeerId } | { spent: Spent } | { failed: string }): void => {
        if ('peer' in message) {
          const heard = scoreOf(this.relay.libp2p.services.pubsub, message.peer) > GRAYLIST
          return this.#attackers.postMessage({ heard })
        }
        this.#attackers.off('message', hear).off('error', reject)
        if ('spent' in message) resolve(message.spent)
        else reject(new Error(`the attackers failed: ${message.failed}`))
      }
      this.#attackers.on('message', hear).on('error', reject)
      this.#attackers.postMessage({ order })
    })
  }

  async stop(): Promise<void> {
    await this.#attackers.terminate()
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
    const records = `/roomful/records/1.0.0${this.#topics().find((topic) => topic.startsWith('/orbitdb/')) ?? ''}`
    const at = (samples: StreamTarget['samples'], address: string, protocol: string): StreamTarget => ({
      kind: 'streams',
      samples,
      address,
      protocol,
    })
    return {
      wires: at('wires', node, ROOM_PROTOCOL),
      bulk: at('bulk', node, BULK_PROTOCOL),
      reporter: at('reporter', node, REPORT_PROTOCOL),
      presence: at('presence', relay, PRESENCE_PROTOCOL),
      registry: at('registry', relay, REGISTRY_PROTOCOL),
      records: at('records', relay, records),
    }
  }

  #topics(): string[] {
    const database = this.relay.libp2p.services.pubsub.getTopics().filter((topic) => topic.startsWith('/orbitdb/'))
    return [ROOM, LOBBY, REQUESTS, ...database]
  }
}

function heapAfterGarbage(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
