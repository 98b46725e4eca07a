import { afterEach, describe, expect, it } from 'vitest'
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

  async function node(): Promise<TestNode> {
    const started = await startTestNode()
    ends.push(() => started.stop())
    return started
  }

  const bytes = textBytes('wanted by two')
  const soon = (): AbortSignal => AbortSignal.timeout(8_000)

  it('comes to the reader who goes on waiting when another one has given up', async () => {
    const [reader, owner] = [await node(), await node()]
    const cid = cidOfHash(await digest(bytes))
    const first = reader.store.blocks.get(cid, AbortSignal.timeout(100))
    const second = reader.store.blocks.get(cid, soon())
    await expect(first).rejects.toThrow()
    await owner.store.blocks.put(bytes)
    await connect(reader, owner)
    expect(await second).toEqual(bytes)
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

  it('comes as soon as a peer that was asked in vain has it', async () => {
    const [reader, owner] = [await node(), await node()]
    await connect(reader, owner)
    const cid = cidOfHash(await digest(bytes))
    const waiting = reader.store.blocks.get(cid, soon())
    await expect(reader.store.blocks.get(cid, AbortSignal.timeout(100))).rejects.toThrow()
    await owner.store.blocks.put(bytes)
    expect(await waiting).toEqual(bytes)
  })

  it('comes to those who wait for peers when it is made here', async () => {
    const reader = await node()
    const waiting = reader.store.blocks.get(cidOfHash(await digest(bytes)), soon())
    await reader.store.blocks.put(bytes)
    expect(await waiting).toEqual(bytes)
  })
})
