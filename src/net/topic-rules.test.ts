import { describe, expect, it } from 'vitest'
import { encodeMessage } from '../room/message.ts'
import type { Body } from '../room/message.ts'
import { REQUEST_TOPIC } from '../room/request.ts'
import { validateRoomTopic } from './topic-rules.ts'

const judge = (topic: string, body: Body) => validateRoomTopic(topic, 'somebody', encodeMessage({ block: '', microjob: 0, term: 0, body }))
const request: Body = { case: 'workRequest', value: { id: 'r1', kernel: 'k', deadlineMs: 1, customKernel: false } }
const assigned: Body = { case: 'workAssigned', value: { id: 'r1', job: 'j', chunk: 0 } }

describe('the topic of single work requests', () => {
  it('lets requests, offers and outcomes through, and nothing that belongs on a wire', () => {
    expect(judge(REQUEST_TOPIC, request)).toBe('accept')
    expect(judge(REQUEST_TOPIC, { case: 'workOffer', value: { id: 'r1', load: 1, paceMs: 1, engine: 'cpu' } })).toBe('accept')
    expect(judge(REQUEST_TOPIC, { case: 'workRefused', value: { id: 'r1', reason: 'nobody' } })).toBe('accept')
    expect(judge(REQUEST_TOPIC, assigned)).toBe('reject')
  })

  it('rejects what breaks a limit or is no message', () => {
    expect(judge(REQUEST_TOPIC, { case: 'workRefused', value: { id: 'r1', reason: 'x'.repeat(10_000) } })).toBe('reject')
    expect(validateRoomTopic(REQUEST_TOPIC, 'somebody', new Uint8Array([255, 255, 255]))).toBe('reject')
  })
})
