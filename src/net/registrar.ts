import { frameStream } from './stream-frames.ts'
import {
  MAX_ENTRY_TTL_MS,
  REGISTRY_PROTOCOL,
  Registry,
  decodeRegistry,
  encodeRegistry,
  handlerAddress,
  runtimeAddress,
  signEntry,
} from './registry.ts'
import type { Connection } from '@libp2p/interface'
import type { PeerId } from '../domain/ids.ts'
import type { Clock, Signer, Unsubscribe } from '../room/ports.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'
import type { RegistryAnswer, RegistryEntry, RegistryRequest, Visibility } from './registry.ts'
import type { RelayKeeper } from './relay-keeper.ts'

const ASK_TIMEOUT_MS = 5_000
/** Pause before a relay that did not answer is told again, ms. */
const RETRY_MS = 5_000
const TTL_MS = MAX_ENTRY_TTL_MS / 2

export interface RegistrarInit {
  libp2p: RoomfulLibp2p
  relays: RelayKeeper
  signer: Signer
  clock: Clock
  /** Names this run of the node, hexadecimal. */
  run: string
}

/** Keeps this node registered with every relay, and finds others. */
export class Registrar {
  readonly #init: RegistrarInit
  readonly #stop = new AbortController()
  #visibility: Visibility = 'everyone'
  #invited: readonly PeerId[] = []
  #refresh: Unsubscribe | null = null
  readonly #retries = new Set<Unsubscribe>()
  #issuedAt = 0

  constructor(init: RegistrarInit) {
    this.#init = init
    const { libp2p, relays } = init
    const onOpen = (event: CustomEvent<Connection>): void => {
      if (relays.isRelay(event.detail.remotePeer.toString())) void this.#register([event.detail])
    }
    libp2p.addEventListener('connection:open', onOpen)
    this.#stop.signal.addEventListener('abort', () => libp2p.removeEventListener('connection:open', onOpen))
    void this.#registerEverywhere()
  }

  get policy(): { visibility: Visibility; invited: readonly PeerId[] } {
    return { visibility: this.#visibility, invited: this.#invited }
  }

  /** Changes who may find this node and reach it directly. Resolves when the relays know. */
  async setVisibility(visibility: Visibility, invited: readonly PeerId[] = []): Promise<void> {
    this.#visibility = visibility
    this.#invited = invited
    await this.#registerEverywhere()
  }

  /** The entry at a runtime or handler address, from any relay; null when none shows it. Checked against its signature. */
  async find(address: string): Promise<RegistryEntry | null> {
    for (const connection of this.#relayConnections()) {
      const answer = await this.#ask(connection, { find: address }).catch(() => null)
      if (answer === null || !('entry' in answer) || answer.entry === null) continue
      const checked = new Registry((peer, bytes, signature) => this.#init.signer.verify(peer, bytes, signature))
      const now = this.#init.clock.now()
      const { peer } = answer.entry.entry
      const genuine = await checked.put(answer.entry, peer, now).then(
        () => true,
        () => false,
      )
      // The relay has judged who may see the entry; here only its own address counts.
      if (genuine && [answer.entry.entry.runtime, answer.entry.entry.handler, peer].includes(address)) return answer.entry.entry
    }
    return null
  }

  stop(): void {
    this.#stop.abort()
    this.#refresh?.()
    for (const cancel of this.#retries) cancel()
    this.#retries.clear()
  }

  async #registerEverywhere(): Promise<void> {
    this.#refresh?.()
    if (this.#stop.signal.aborted) return
    this.#refresh = this.#init.clock.after(TTL_MS / 2, () => void this.#registerEverywhere())
    await this.#register(this.#relayConnections())
  }

  async #register(connections: readonly Connection[]): Promise<void> {
    const { libp2p, signer, clock, run } = this.#init
    // Two entries of one millisecond must still be told apart.
    this.#issuedAt = Math.max(clock.now(), this.#issuedAt + 1)
    const put = await signEntry(
      {
        peer: signer.self,
        runtime: runtimeAddress(signer.self, run),
        handler: handlerAddress(signer.self),
        protocols: libp2p.getProtocols().slice(0, 64),
        visibility: this.#visibility,
        invited: [...this.#invited],
        issuedAt: this.#issuedAt,
        ttlMs: TTL_MS,
      },
      signer,
    )
    await Promise.all(
      connections.map((connection) => this.#ask(connection, { put }).catch((error: Error) => this.#registerLater(connection, error))),
    )
  }

  #registerLater(connection: Connection, { name }: Error): void {
    // A relay that keeps no registry is used all the same.
    if (this.#stop.signal.aborted || name === 'UnsupportedProtocolError') return
    const cancel = this.#init.clock.after(RETRY_MS, () => {
      this.#retries.delete(cancel)
      if (connection.status === 'open') void this.#register([connection])
    })
    this.#retries.add(cancel)
  }

  #relayConnections(): Connection[] {
    const { libp2p, relays } = this.#init
    return libp2p.getConnections().filter(({ remotePeer, status }) => status === 'open' && relays.isRelay(remotePeer.toString()))
  }

  async #ask(connection: Connection, request: RegistryRequest): Promise<RegistryAnswer> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ASK_TIMEOUT_MS)])
    const stream = await connection.newStream(REGISTRY_PROTOCOL, { signal })
    const { promise, resolve, reject } = Promise.withResolvers<RegistryAnswer>()
    const frames = frameStream(stream, () => ({
      onFrame: (frame) => {
        const answer = decodeRegistry(frame)
        if (answer === null) reject(new Error('the registry’s answer is malformed'))
        else resolve(answer as unknown as RegistryAnswer)
      },
      onReady: () => undefined,
      onBroken: (reason) => reject(new Error(`the registry broke off: ${reason}`)),
    }))
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      frames.send([encodeRegistry(request)])
      return await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
      frames.close()
    }
  }
}
