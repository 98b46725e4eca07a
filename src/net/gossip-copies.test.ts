import { gossipsub } from '@libp2p/gossipsub'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { afterAll, afterEach, beforeAll, expect, describe, it, vi } from 'vitest'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import { connect } from '../store/test-node.ts'
import { GOSSIP_OPTIONS } from './libp2p-options.ts'

const TOPIC = 'roomful/copies'

interface RawMessage {
  data: Uint8Array
}

/** The library's own entrance for messages from the wire. */
interface Receiving {
  handleReceivedMessage(from: PeerId, message: RawMessage): Promise<void>
}

const start = (privateKey: PrivateKey) =>
  createLibp2p({
    privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify(), pubsub: gossipsub(GOSSIP_OPTIONS) },
  })

describe('copies of a gossip message', { timeout: 30_000 }, () => {
  let node: Awaited<ReturnType<typeof start>>
  let author: typeof node
  let verify: { mock: { calls: unknown[] } }
  const delivered: string[] = []

  beforeAll(async () => {
    const key = await generateKeyPair('Ed25519')
    node = await start(key)
    author = await start(await generateKeyPair('Ed25519'))
    verify = vi.spyOn(Object.getPrototypeOf(key.publicKey) as { verify(): unknown }, 'verify')
    node.services.pubsub.subscribe(TOPIC)
    node.services.pubsub.addEventListener('message', ({ detail }) => delivered.push(new TextDecoder().decode(detail.data)))
    await connect({ libp2p: author }, { libp2p: node })
    await vi.waitFor(() => expect(author.services.pubsub.getSubscribers(TOPIC)).toHaveLength(1), { timeout: 20_000, interval: 10 })
  })
  afterEach(() => void delivered.splice(0))
  afterAll(async () => {
    vi.restoreAllMocks()
    await Promise.all([node.stop(), author.stop()])
  })

  /** What the node gets when the author publishes a text, held back, and the entrance to hand it in at. */
  async function published(text: string): Promise<{ message: RawMessage; receive: (message: RawMessage) => Promise<void> }> {
    const pubsub = node.services.pubsub as unknown as Receiving
    const held = Promise.withResolvers<RawMessage>()
    const entrance = vi.spyOn(pubsub, 'handleReceivedMessage').mockImplementation(async (_from, message) => held.resolve(message))
    await author.services.pubsub.publish(TOPIC, new TextEncoder().encode(text))
    const message = await held.promise
    entrance.mockRestore()
    return { message, receive: (copy) => pubsub.handleReceivedMessage(author.peerId, copy) }
  }

  it('are delivered once, and their signature is checked once', async () => {
    const { message, receive } = await published('hello')
    const before = verify.mock.calls.length
    for (let copy = 0; copy < 5; copy++) await receive({ ...message })
    expect(delivered).toEqual(['hello'])
    expect(verify.mock.calls.length - before).toBe(1)
  })

  it('do not pass for the message when they are forged, and do not keep it out', async () => {
    const { message, receive } = await published('true')
    const forged = { ...message, data: new TextEncoder().encode('false') }
    await receive(forged)
    await receive(message)
    await receive(forged)
    expect(delivered).toEqual(['true'])
  })
})
