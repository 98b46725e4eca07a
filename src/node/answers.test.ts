import { beforeEach, describe, expect, it } from 'vitest'
import { cidOfBytes, cidOfValue, hashBytes } from '../domain/ids.ts'
import type { Job } from '../domain/job.ts'
import { kernelCid } from '../domain/kernel.ts'
import { decodeMessage, encodeMessage } from '../room/message.ts'
import type { Body, BodyOf } from '../room/message.ts'
import type { WorkOffer } from '../room/request.ts'
import { builtInKernels, kernelByName } from '../compute/kernels/index.ts'
import { indexSpace } from '../domain/plan.ts'
import { Answers } from './answers.ts'
import { OutputCache } from './output-cache.ts'
import { storeJob } from './submission.ts'

const kernel = kernelByName('mandelbrot')!
const parameters = { width: 8, height: 8, centreX: '-0.5', centreY: '0', span: '3', iterations: 10 }
const OUTPUT = new Uint8Array(256).fill(7)
const envelope = (body: Body, block = '') => ({ block, microjob: 0, term: 0, body })

let now: number
let offers: WorkOffer[]
let invitations: string[]
let free: boolean
let working: boolean
let computed: () => Promise<void>
let values: Map<string, unknown>
let answers: Answers
let job: string

beforeEach(async () => {
  now = 1_000
  offers = []
  invitations = []
  free = true
  working = true
  computed = async () => undefined
  values = new Map()
  const blocks = {
    put: async (bytes: Uint8Array) => cidOfBytes(bytes),
    get: async () => OUTPUT,
    putValue: async (value: unknown) => (values.set(cidOfValue(value), value), cidOfValue(value)),
    getValue: async (cid: string) => {
      if (!values.has(cid)) throw new Error('nobody has it')
      return values.get(cid)
    },
    has: async () => true,
    delete: async () => undefined,
    stop: async () => undefined,
  }
  const outputs = new OutputCache(blocks)
  answers = new Answers({
    clock: { now: () => now, after: () => () => undefined },
    blocks,
    outputs,
    builtIn: new Map(builtInKernels.map((entry) => [kernelCid(entry), entry])),
    offer: () => (working ? { load: 40, paceMs: 120, engine: 'cpu', free, customKernels: false } : null),
    publish: (offer) => offers.push(offer),
    compute: async () => {
      await computed()
      const hash = hashBytes(OUTPUT)
      outputs.put(cidOfBytes(OUTPUT), OUTPUT)
      return { result: { peer: 'self', hash, fuel: 9, engine: 'cpu', bytes: OUTPUT.length }, ms: 1 }
    },
    invited: (id) => invitations.push(id),
    answered: () => undefined,
  })
  const stored = await storeJob(
    { title: 'One', kernel, parameters, input: null, epsilon: 0.01, chunk: indexSpace(kernel.manifest, parameters, null) },
    blocks,
    { self: 'asker', now, nonce: new Uint8Array(16), itemsPerSecond: null },
  )
  job = stored.record.job
})

const ask = (id: string, block = '', from = 'asker', cid = kernelCid(kernel)) =>
  answers.hear(from, envelope({ case: 'workRequest', value: { id, kernel: cid, deadlineMs: 5_000, customKernel: true } }, block))

async function assign(id: string, from = 'asker', cid = job): Promise<BodyOf<'workReply'>> {
  const work = encodeMessage(envelope({ case: 'workAssigned', value: { id, job: cid, chunk: 0 } }))
  const { body } = decodeMessage(await answers.answer(from, work, new AbortController().signal))
  if (body.case !== 'workReply') throw new Error(`the answer is a ${body.case}`)
  return body.value
}

describe('answering single work requests', () => {
  it('offers what it can do, does it for the one who asked, and sends the output along', async () => {
    ask('r1')
    expect(offers).toEqual([{ id: 'r1', load: 40, paceMs: 120, engine: 'cpu' }])
    expect(await assign('r1')).toMatchObject({ id: 'r1', error: '', fuel: 9, data: OUTPUT, hash: hashBytes(OUTPUT) })
  })

  it('does nothing for a peer to whom it offered nothing, and nothing twice', async () => {
    ask('r1')
    expect((await assign('r1', 'thief')).error).toMatch(/offered nothing/)
    expect((await assign('r2')).error).toMatch(/offered nothing/)
    expect((await assign('r1')).error).toBe('')
    expect((await assign('r1')).error).toMatch(/offered nothing/)
  })

  it('offers nothing while it does not contribute, nor for a kernel that it may not run', () => {
    ask('r1', '', 'asker', cidOfValue('a kernel of somebody’s own'))
    working = false
    ask('r2')
    expect(offers).toEqual([])
  })

  it('keeps few offers for one requester, until they lapse', () => {
    for (let i = 0; i < 10; i++) ask(`r${i}`)
    expect(offers).toHaveLength(4)
    ask('other', '', 'somebody else')
    expect(offers).toHaveLength(5)
    now += 60_000
    ask('late')
    expect(offers).toHaveLength(6)
  })

  it('refuses work of somebody else’s name, with another kernel or without a manifest, in words', async () => {
    for (const [name, change] of [
      ['requester', { requester: 'somebody else' }],
      ['kernel', { kernel: cidOfValue('another') }],
    ] as const) {
      const changed = { ...(values.get(job) as Job), ...change }
      const cid = cidOfValue(changed)
      values.set(cid, changed)
      ask(name)
      expect((await assign(name, 'asker', cid)).error).toMatch(/cannot do it/)
    }
    ask('r1')
    expect((await assign('r1', 'asker', cidOfValue('nothing'))).error).toMatch(/nobody has it/)
  })

  it('does one at a time, and offers nothing meanwhile', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    computed = () => promise
    ask('r1')
    ask('r2', '', 'second')
    const first = assign('r1')
    expect((await assign('r2', 'second')).error).toMatch(/busy/)
    ask('r3')
    expect(offers.map(({ id }) => id)).toEqual(['r1', 'r2'])
    resolve()
    expect((await first).error).toBe('')
  })

  it('comes to a room only when it is in none, and computes nothing for the invitation', async () => {
    free = false
    ask('r1', 'block')
    expect(offers).toEqual([])
    free = true
    ask('r2', 'block')
    expect((await assign('r2')).hash).toHaveLength(0)
    expect(invitations).toEqual([job])
  })
})
