import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createRelay } from '../../relay/relay.ts'
import { BULK_PROTOCOL, BulkError } from './bulk.ts'
import { createNetwork } from './network.ts'
import { frameStream } from './stream-frames.ts'
import type { Relay } from '../../relay/relay.ts'
import type { Network } from './network.ts'

const MIB = 2 ** 20

describe('bulk transfers', { timeout: 60_000 }, () => {
  let relay: Relay
  let directory: string
  let a: Network
  let b: Network
  const within = (maxBytes: number): { maxBytes: number; signal: AbortSignal } => ({ maxBytes, signal: AbortSignal.timeout(50_000) })
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'roomful-bulk-'))
    relay = await createRelay({ port: 0, dataDir: directory })
    a = await createNetwork({ relays: [relay.multiaddr] })
    b = await createNetwork({ relays: [relay.multiaddr] })
    for (const node of [a, b]) node.transport.setMembers([a.peerId, b.peerId])
    await vi.waitFor(() => expect(a.transport.stats()[0]?.link).toBe('direct'), { timeout: 50_000, interval: 10 })
    b.bulk.serve(async (name, to) =>
      to === a.peerId && /^\d+$/.test(name) ? Uint8Array.from({ length: Number(name) }, (_, i) => i * 7) : null,
    )
  }, 60_000)
  afterAll(async () => {
    await Promise.all([a.stop(), b.stop()])
    await relay.stop()
    await rm(directory, { recursive: true })
  })

  it('bring exactly the bytes that are served, however many', async () => {
    for (const size of [0, 1, 65_536, 3 * MIB + 5]) {
      const bytes = await a.bulk.fetch(b.peerId, String(size), within(4 * MIB))
      expect(bytes.length).toBe(size)
      expect(bytes.every((byte, i) => byte === ((i * 7) & 255))).toBe(true)
    }
  })

  it('wait for their turn when more is asked at once than a peer serves: none is lost', async () => {
    const sizes = Array.from({ length: 40 }, (_, i) => 1_000 + i)
    const all = await Promise.all(sizes.map((size) => a.bulk.fetch(b.peerId, String(size), within(MIB))))
    expect(all.map(({ length }) => length)).toEqual(sizes)
  })

  it('let control messages through while they move', async () => {
    let arrived = 0
    b.transport.onMessage(() => arrived++)
    const moving = a.bulk.fetch(b.peerId, String(8 * MIB), within(8 * MIB)).then(() => arrived)
    for (let i = 0; i < 20; i++) a.transport.send(b.peerId, Uint8Array.of(i))
    expect(await moving).toBe(20)
  })

  it('are refused in words: what is not there, what is too large', async () => {
    await expect(a.bulk.fetch(b.peerId, 'nothing', within(MIB))).rejects.toThrow(/nothing of that name/)
    await expect(a.bulk.fetch(b.peerId, String(2 * MIB), within(MIB))).rejects.toThrow(/has 2097152 bytes, at most 1048576/)
    await expect(b.bulk.fetch(a.peerId, '1', within(MIB))).rejects.toThrow(BulkError)
  })

  it('end when they are not wanted any more', async () => {
    const stop = new AbortController()
    const fetching = a.bulk.fetch(b.peerId, String(64 * MIB), { maxBytes: 64 * MIB, signal: stop.signal })
    stop.abort(new Error('changed my mind'))
    await expect(fetching).rejects.toThrow('changed my mind')
    expect((await a.bulk.fetch(b.peerId, '5', within(MIB))).length).toBe(5)
  })

  it('give their places back when the asker asks twice on a stream, and is not answered', async () => {
    const [connection] = a.libp2p
      .getConnections()
      .filter(({ remotePeer, limits }) => remotePeer.toString() === b.peerId && limits === undefined)
    const large = new TextEncoder().encode(String(4 * MIB))
    for (let i = 0; i < 4; i++) {
      const stream = await connection?.newStream(BULK_PROTOCOL)
      if (stream === undefined) throw new Error('there is no direct link')
      const ended = Promise.withResolvers<string>()
      const frames = frameStream(stream, () => ({ onFrame: () => undefined, onReady: () => undefined, onBroken: ended.resolve }))
      frames.send([large])
      frames.send([large])
      await ended.promise
    }
    expect((await a.bulk.fetch(b.peerId, '5', within(MIB))).length).toBe(5)
  })
})
