import { REGISTRY_PROTOCOL, Registry, RegistryError, decodeRegistry, encodeRegistry } from '../src/net/registry.ts'
import type { Offences } from '../src/net/offences.ts'
import { frameStream } from '../src/net/stream-frames.ts'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { FrameStreamEvents } from '../src/room/wire/stream-port.ts'
import type { Signer } from '../src/room/ports.ts'
import type { RegistryAnswer } from '../src/net/registry.ts'
import type { RelayLibp2p } from './types.ts'

/** Keeps the registry of one relay, and introduces nobody to a node that does not want it. */
export class RegistryService {
  readonly #libp2p: RelayLibp2p
  readonly #registry: Registry
  readonly #offences: Offences

  constructor(libp2p: RelayLibp2p, signer: Signer, offences: Offences) {
    this.#libp2p = libp2p
    this.#offences = offences
    this.#registry = new Registry((peer, bytes, signature) => signer.verify(peer, bytes, signature))
    libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
  }

  get size(): number {
    return this.#registry.size
  }

  async start(): Promise<void> {
    await this.#libp2p.handle(REGISTRY_PROTOCOL, (stream, connection) => this.#onStream(stream, connection), { maxInboundStreams: 8 })
  }

  stop(): void {
    this.#libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
  }

  /** Whether one peer may be led to another. */
  permits(source: string, destination: string): boolean {
    return this.#registry.permits(source, destination, (peer) => this.#shareRoom(source, peer))
  }

  readonly #onDisconnect = (event: CustomEvent<PeerId>): void => this.#registry.delete(event.detail.toString())

  #onStream(stream: Stream, connection: Connection): void {
    const peer = connection.remotePeer.toString()
    let asked = false
    const offence = (): void => this.#offences.note(peer)
    const events: FrameStreamEvents = {
      onFrame: (frame) => {
        // One question a stream.
        if (asked || decodeRegistry(frame) === null) {
          offence()
          return frames.close()
        }
        asked = true
        void this.#answer(frame, peer).then((answer) => frames.send([encodeRegistry(answer)]))
      },
      onReady: () => undefined,
      onBroken: () => undefined,
    }
    const frames = frameStream(stream, () => events, offence)
  }

  async #answer(frame: Uint8Array, peer: string): Promise<RegistryAnswer> {
    const request = decodeRegistry(frame)
    const now = Date.now()
    if (typeof request?.['find'] === 'string') {
      return { entry: this.#registry.find(request['find'], peer, (other) => this.#shareRoom(peer, other), now) }
    }
    try {
      await this.#registry.put(request?.['put'], peer, now)
      return { taken: true }
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      return { refusal: error.message }
    }
  }

  #shareRoom(a: string, b: string): boolean {
    const { pubsub } = this.#libp2p.services
    return pubsub.getTopics().some((topic) => {
      if (!topic.startsWith('jobprocessing_')) return false
      const listeners = pubsub.getSubscribers(topic).map((listener) => listener.toString())
      return listeners.includes(a) && listeners.includes(b)
    })
  }
}
