import { describe, expect, it, vi } from 'vitest'
import { cidOfHash, cidOfValue, hashBytes } from '../domain/ids.ts'
import { blockCid, lobbyTopic } from '../domain/job.ts'
import type { BulkSource } from '../net/bulk.ts'
import type { Body } from '../room/message.ts'
import { encodeMessage } from '../room/message.ts'
import { initialState } from '../room/state.ts'
import type { WorkItem } from '../room/state.ts'
import { RoomRunner } from './runner.ts'

const job = cidOfValue('job')
const ref = { job, block: blockCid(job, 0), blockIndex: 0, microjob: 0, firstChunk: 0, chunkCount: 10 }
const item: WorkItem = {
  ref,
  capacity: 11,
  deadlineMs: 20_000,
  chunksPerCheck: 10,
  credibleAfter: 0,
  kernel: cidOfValue('kernel'),
  claim: null,
  results: [],
  certificates: 0,
}
const member = (peer: string) => ({ peer, observer: false, slots: 1, engine: 'cpu' })

/** A runner that is a member of a room, with every port under the test's control. */
function inRoom(get: () => Promise<Uint8Array>, given: () => Promise<Uint8Array> = () => Promise.reject(new Error('it has nothing'))) {
  let now = 1_000_000
  const due: (() => void)[] = []
  const wire: ((from: string, bytes: Uint8Array) => void)[] = []
  const gossip: ((topic: string, from: string, bytes: Uint8Array) => void)[] = []
  const nothing = () => () => undefined
  const bulk = { asked: [] as string[], source: (async () => null) as BulkSource }
  const handlers = { note: vi.fn(), changed: vi.fn(), failed: vi.fn() }
  const runner = new RoomRunner(
    initialState({ self: 'self', seed: new Uint8Array(32), now, capabilities: { engine: 'cpu', slots: 1, customKernels: false } }),
    {
      transport: {
        self: 'self',
        setMembers: () => undefined,
        send: () => undefined,
        onMessage: (handler) => (wire.push(handler), () => undefined),
        onConnection: nothing,
        stats: () => [],
        stop: async () => undefined,
      },
      pubsub: {
        self: 'self',
        subscribe: () => undefined,
        unsubscribe: () => undefined,
        publish: () => undefined,
        subscribers: () => [],
        onMessage: (handler) => (gossip.push(handler), () => undefined),
        onSubscribers: nothing,
        stop: async () => undefined,
      },
      blocks: {
        put: async () => cidOfValue(0),
        get,
        putValue: async () => cidOfValue(0),
        getValue: async () => null,
        has: async () => false,
        delete: async () => undefined,
        stop: async () => undefined,
      },
      signer: { self: 'self', sign: async () => new Uint8Array(64), verify: async () => true },
      bulk: {
        fetch: (peer, name) => (bulk.asked.push(`${peer} ${name}`), given()),
        serve: (source) => void (bulk.source = source),
      },
      clock: { now: () => now, after: (_ms, callback) => (due.push(callback), () => undefined) },
    },
    {
      compute: () => undefined,
      cancel: () => undefined,
      verify: () => undefined,
      record: () => undefined,
      ...handlers,
    },
  )
  const bytes = (body: Body, term = 1) => encodeMessage({ block: ref.block, microjob: ref.microjob, term, body })
  const from = (peer: string, body: Body) => wire.forEach((handler) => handler(peer, bytes(body)))
  const pass = (ms: number) => {
    now += ms
    for (const callback of due.splice(0)) callback()
  }
  runner.dispatch({ type: 'work', items: [item] })
  runner.dispatch({ type: 'start' })
  const announce: Body = {
    case: 'roomAnnounce',
    value: { host: 'host', members: 2, capacity: 11, settling: false, version: 1, peers: ['host', 'third'], microjobs: [] },
  }
  gossip.forEach((handler) => handler(lobbyTopic(ref.block), 'host', bytes(announce)))
  pass(200)
  from('host', {
    case: 'welcome',
    value: {
      job,
      members: [member('host'), member('self'), member('third')],
      rounds: [
        {
          block: ref.block,
          microjob: 0,
          blockIndex: 0,
          firstChunk: 0,
          chunkCount: 10,
          commitments: [],
          results: [],
          epoch: 0,
          grants: [],
        },
      ],
      expelled: [],
      version: 1,
      capacity: 11,
      deadlineMs: 20_000,
    },
  })
  expect(runner.state.room?.host).toBe('host')
  const result = (data: Uint8Array | undefined, hash: Uint8Array = new Uint8Array(32).fill(9), chunk = 3): Body => ({
    case: 'result',
    value: {
      info: { chunk, peer: 'host', hash, fuel: 1, engine: 'cpu', bytes: 4 },
      attempt: 1,
      ms: 10,
      data,
    },
  })
  return { runner, from, pass, result, bulk, handlers }
}

/** Lets promises that wait for nothing but each other settle. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('a member of a room', () => {
  it('takes over when the host does not give the data that it says it has', async () => {
    const { runner, from, pass, result } = inRoom(() => Promise.reject(new Error('nobody has it')))
    from('host', result(undefined))
    await settled()
    pass(600)
    expect(runner.state.room).toMatchObject({ host: 'self', term: 2 })
    runner.stop()
  })

  it('takes the result of a host whose data comes', async () => {
    const { runner, from, pass, result } = inRoom(() => Promise.resolve(new Uint8Array(4)))
    from('host', result(undefined))
    await settled()
    pass(600)
    expect(runner.state.room?.host).toBe('host')
    expect(runner.state.room?.rounds[0]?.slots[3]?.result?.peer).toBe('host')
    runner.stop()
  })

  it('takes a large output from the member that says that it has it, and looks elsewhere for what does not fit', async () => {
    const right = new Uint8Array(300_000).fill(7)
    for (const given of [right, new Uint8Array(300_000)]) {
      let elsewhere = 0
      const { runner, from, result, bulk } = inRoom(
        async () => (elsewhere++, right),
        async () => given,
      )
      const hash = hashBytes(right)
      from('host', result(undefined, hash))
      await vi.waitFor(() => expect(runner.state.room?.rounds[0]?.slots[3]?.result?.hash).toEqual(hash))
      expect(bulk.asked).toEqual([`host ${cidOfHash(hash)}`])
      expect(elsewhere).toBe(given === right ? 0 : 1)
      runner.stop()
    }
  })

  it('gives its outputs to members, and nothing to strangers', async () => {
    const { runner, bulk } = inRoom(() => Promise.reject(new Error('nobody has it')))
    const output = new Uint8Array(300_000).fill(5)
    const cid = cidOfHash(hashBytes(output))
    runner.outputs.put(cid, output)
    expect(await bulk.source(cid, 'third')).toBe(output)
    expect(await bulk.source(cid, 'stranger')).toBeNull()
    expect(await bulk.source('of another name', 'third')).toBeNull()
    runner.stop()
  })

  it('does not blame the sender’s wire for data that is wrong, and takes no such result', async () => {
    const { runner, from, pass, result } = inRoom(() => Promise.reject(new Error('nobody has it')))
    from('host', result(new Uint8Array(4)))
    await expect.poll(() => runner.malformed).toBe(1)
    pass(600)
    expect(runner.state.room?.host).toBe('host')
    expect(runner.state.room?.rounds[0]?.slots[3]?.result).toBeNull()
    runner.stop()
  })

  it('hears a member out while the data of a result of that member is long in coming', async () => {
    const { runner, from, result } = inRoom(() => new Promise(() => undefined))
    const data = new Uint8Array(4)
    from('host', result(data, hashBytes(data), 1))
    from('host', result(undefined, new Uint8Array(32).fill(9), 2))
    from('host', result(data, hashBytes(data), 3))
    await vi.waitFor(() => expect(runner.state.room?.rounds[0]?.slots[3]?.result).not.toBeNull())
    runner.stop()
  })

  it('goes on hearing a member, and does all else that it has to, when whoever is told of news fails', async () => {
    const { runner, from, pass, result, handlers } = inRoom(() => Promise.reject(new Error('nobody has it')))
    const data = new Uint8Array(4)
    for (const handler of [handlers.note, handlers.changed])
      handler.mockImplementation(() => {
        throw new Error('not here')
      })
    from('host', result(data, hashBytes(data), 1))
    await vi.waitFor(() => expect(runner.state.room?.rounds[0]?.slots[1]?.result).not.toBeNull())
    from('host', result(data, hashBytes(data), 2))
    await vi.waitFor(() => expect(runner.state.room?.rounds[0]?.slots[2]?.result).not.toBeNull())
    for (let i = 0; i < 100; i++) pass(200)
    expect(runner.state.room?.host).toBe('self')
    expect(handlers.failed).toHaveBeenCalledWith(new Error('not here'))
    runner.stop()
  })
})
