import type { PeerId } from '@libp2p/interface'
import { MemoryBlockstore } from 'blockstore-core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { textBytes } from '../domain/bytes.ts'
import { cidOfHash } from '../domain/ids.ts'
import { digest } from './digest.ts'
import { connect, startTestNode } from './test-node.ts'
import type { TestNode } from './test-node.ts'

const BITSWAP = '/ipfs/bitswap/1.2.0'

function handlerOf(libp2p: TestNode['libp2p']): { handler: Parameters<typeof libp2p.handle>[1]; options: object } {
  const { components } = libp2p as unknown as { components: { registrar: { getHandler(protocol: string): ReturnType<typeof handlerOf> } } }
  return components.registrar.getHandler(BITSWAP)
}

describe('a block that nobody here has yet', { timeout: 20_000 }, () => {
  const ends: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })

  async function node(init?: Parameters<typeof startTestNode>[0]): Promise<TestNode> {
    const started = await startTestNode(init)
    ends.push(() => started.stop())
    return started
  }

  const bytes = textBytes('wanted by two')
  const soon = (): AbortSignal => AbortSignal.timeout(8_000)
  const never = (): AbortSignal => new AbortController().signal

  it('comes to the reader who goes on waiting when those before and after have given up', async () => {
    const [reader, owner] = [await node(), await node()]
    const cid = cidOfHash(await digest(bytes))
    const read = (signal: AbortSignal): Promise<Uint8Array> => reader.store.blocks.get(cid, signal)
    const [before, waiting, after] = [read(AbortSignal.timeout(100)), read(soon()), read(AbortSignal.timeout(100))]
    for (const given of [before, after]) await expect(given).rejects.toThrow()
    await owner.store.blocks.put(bytes)
    await connect(reader, owner)
    expect(await waiting).toEqual(bytes)
  })

  it('comes to whoever asks again at once after giving up', async () => {
    const [reader, owner] = [await node(), await node()]
    const cid = cidOfHash(await digest(bytes))
    await expect(reader.store.blocks.get(cid, AbortSignal.timeout(100))).rejects.toThrow()
    const again = reader.store.blocks.get(cid, soon())
    await owner.store.blocks.put(bytes)
    await connect(reader, owner)
    expect(await again).toEqual(bytes)
  })

  it('is sent again when it got lost on the way', async () => {
    const [reader, owner] = [await node(), await node()]
    await connect(reader, owner)
    const cid = await owner.store.blocks.put(bytes)
    const { handler, options } = handlerOf(reader.libp2p)
    const patience = new AbortController()
    await reader.libp2p.handle(BITSWAP, (stream) => (stream.abort(new Error('lost')), patience.abort()), { ...options, force: true })
    await expect(reader.store.blocks.get(cid, patience.signal)).rejects.toThrow()
    await reader.libp2p.handle(BITSWAP, handler, { ...options, force: true })
    expect(await reader.store.blocks.get(cid, soon())).toEqual(bytes)
  })

  it('is asked for again when it got lost on the way, although whoever waits goes on waiting', async () => {
    const [reader, owner] = [await node(), await node()]
    await connect(reader, owner)
    const cid = await owner.store.blocks.put(bytes)
    const { handler, options } = handlerOf(reader.libp2p)
    const lost = Promise.withResolvers<void>()
    await reader.libp2p.handle(BITSWAP, (stream) => (stream.abort(new Error('lost')), lost.resolve()), { ...options, force: true })
    const waiting = reader.store.blocks.get(cid, AbortSignal.timeout(15_000))
    await lost.promise
    await reader.libp2p.handle(BITSWAP, handler, { ...options, force: true })
    expect(await waiting).toEqual(bytes)
  })

  it('comes as soon as a peer that was asked in vain has it', async () => {
    const disk = new MemoryBlockstore()
    const [has, put] = [vi.spyOn(disk, 'has'), disk.put.bind(disk)]
    const [reader, owner] = [await node(), await node({ blockstore: disk })]
    await connect(reader, owner)
    const waiting = reader.store.blocks.get(cidOfHash(await digest(bytes)), soon())
    await vi.waitFor(() => expect(has).toHaveBeenCalled())
    has.mockClear()
    // It looks whether the block is new, and once more for the peer that wants it.
    disk.put = async (...args) => {
      await vi.waitFor(() => expect(has.mock.calls.length).toBeGreaterThan(1))
      return put(...args)
    }
    await owner.store.blocks.put(bytes)
    expect(await waiting).toEqual(bytes)
  })

  it('goes on to the peer that wants it although who fetched it is done', async () => {
    const disk = new MemoryBlockstore()
    const has = vi.spyOn(disk, 'has')
    const [reader, between, owner] = [await node(), await node({ blockstore: disk }), await node()]
    await connect(reader, between)
    const cid = await owner.store.blocks.put(bytes)
    const waiting = reader.store.blocks.get(cid, soon())
    await vi.waitFor(() => expect(has).toHaveBeenCalled())
    await connect(between, owner)
    const { release } = holdMessages(between, reader)
    expect(await between.store.blocks.get(cid, soon())).toEqual(bytes)
    release()
    expect(await waiting).toEqual(bytes)
  })

  it('comes to those who wait for peers when it is made here', async () => {
    const reader = await node()
    const waiting = reader.store.blocks.get(cidOfHash(await digest(bytes)), soon())
    await reader.store.blocks.put(bytes)
    expect(await waiting).toEqual(bytes)
  })

  describe('while a peer cannot be told', () => {
    it('comes from another one, also to whoever asks again at once after giving up', async () => {
      const [reader, owner, gone] = [await node(), await node(), await node()]
      for (const peer of [owner, gone]) {
        await connect(reader, peer)
        await reader.store.blocks.get(await peer.store.blocks.put(textBytes(`of ${peer.signer.self}`)), soon())
      }
      const { held } = holdMessages(reader, gone)
      const patience = new AbortController()
      const givenUp = reader.store.blocks.get(cidOfHash(await digest(bytes)), patience.signal)
      await vi.waitFor(() => expect(held).toHaveLength(1))
      patience.abort()
      await expect(givenUp).rejects.toThrow()
      expect(await reader.store.blocks.get(await owner.store.blocks.put(bytes), never())).toEqual(bytes)
      // More than the messages that bitswap sends at once.
      for (let i = 0; i < 60; i++) await reader.store.blocks.get(await owner.store.blocks.put(textBytes(`more ${i}`)), never())
      expect(held[0]!.aborted).toBe(false)
    })

    it('comes from that one once it can', async () => {
      const [reader, owner, other] = [await node(), await node(), await node()]
      await connect(reader, other)
      await reader.store.blocks.get(await other.store.blocks.put(textBytes('known')), soon())
      const { held, release } = holdMessages(reader, owner)
      const patience = new AbortController()
      const nobodys = reader.store.blocks.get(cidOfHash(await digest(bytes)), patience.signal)
      await connect(reader, owner)
      await vi.waitFor(() => expect(held).not.toEqual([]))
      const cid = await owner.store.blocks.put(textBytes('another'))
      const told = nextMessage(reader, other)
      const waiting = reader.store.blocks.get(cid, soon())
      await told
      release()
      expect(await waiting).toEqual(textBytes('another'))
      patience.abort()
      await expect(nobodys).rejects.toThrow()
    })
  })
})

/** From here on what a node has to say to `to` is held back: the signals that end its patience, until it is released. */
function holdMessages({ libp2p }: TestNode, to: TestNode): { held: AbortSignal[]; release: () => void } {
  const held: AbortSignal[] = []
  const { promise, resolve: release } = Promise.withResolvers<void>()
  const dialProtocol = libp2p.dialProtocol.bind(libp2p)
  libp2p.dialProtocol = async (peer, protocols, options) => {
    if (protocols === BITSWAP && to.libp2p.peerId.equals(peer as PeerId)) {
      held.push(options!.signal!)
      await promise
    }
    return dialProtocol(peer, protocols, options)
  }
  return { held, release }
}

function nextMessage({ libp2p }: TestNode, to: TestNode): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const dialProtocol = libp2p.dialProtocol.bind(libp2p)
  libp2p.dialProtocol = (peer, protocols, options) => {
    if (protocols === BITSWAP && to.libp2p.peerId.equals(peer as PeerId)) resolve()
    return dialProtocol(peer, protocols, options)
  }
  return promise
}
