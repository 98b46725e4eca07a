import { describe, expect, it } from 'vitest'
import type { Clock, PubSub } from '../room/ports.ts'
import { MAX_OWN_REQUESTS } from '../room/request.ts'
import type { KnownJob } from './catalogue.ts'
import { Requests } from './requests.ts'

function setup(): { requests: Requests; ask(): Promise<unknown> } {
  const pubsub = { self: 'self', subscribe: () => undefined, publish: () => undefined, onMessage: () => () => undefined }
  const clock: Clock = { now: () => 0, after: () => () => undefined }
  const requests = new Requests({
    pubsub: pubsub as unknown as PubSub,
    desk: {} as never,
    clock,
    outputs: {} as never,
    compute: () => Promise.reject(new Error('not here')),
    ended: () => undefined,
    heard: () => undefined,
  })
  const known = { job: { kernel: 'kernel' } } as unknown as Pick<KnownJob, 'job' | 'kernel'>
  return { requests, ask: () => requests.ask(known, 'job', true, 1_000) }
}

describe('requests of this node', () => {
  it('are refused, and do not wait for ever, once the node has stopped', async () => {
    const { requests, ask } = setup()
    const before = ask()
    requests.stop()
    await expect(before).rejects.toThrow('this node stopped')
    await expect(ask()).rejects.toThrow('stopped')
  })

  it('find nobody for a room while as many are under way as may be, and do not fail', async () => {
    const { requests, ask } = setup()
    const asked = Promise.allSettled(Array.from({ length: MAX_OWN_REQUESTS }, ask))
    expect(await requests.recruit({ block: 'block', microjob: 0 }, 'job', 'kernel', true)).toBeNull()
    requests.stop()
    await asked
  })
})
