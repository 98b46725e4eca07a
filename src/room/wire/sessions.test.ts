import { describe, expect, it } from 'vitest'
import { Dispatcher } from './dispatcher.ts'
import { decodeFrame, encodeFrame, joinParts } from './frame.ts'
import { Receiver } from './receiver.ts'
import type { Clock } from '../ports.ts'
import type { Frame } from './frame.ts'
import type { FrameStream, FrameStreamEvents, StreamPort } from './stream-port.ts'

const STOPPED_CLOCK: Clock = { now: () => 0, after: () => () => undefined }
const stream = (): FrameStream => ({ send: () => true, close: () => undefined })
const hello = (session: string, number: number, first: number): Extract<Frame, { kind: 'hello' }> => ({
  kind: 'hello',
  version: 1,
  session,
  stream: number,
  first,
  peer: 'ann',
})

describe('a receiver', () => {
  it('delivers nothing twice when the greeting of a session that is over comes after that of the next', () => {
    const delivered: number[] = []
    const receiver = new Receiver({
      peer: 'ann',
      clock: STOPPED_CLOCK,
      place: null,
      deliver: ([what = -1]) => delivered.push(what),
      onBye: () => undefined,
    })
    receiver.admit()
    const [present, late, again] = [stream(), stream(), stream()]
    receiver.greet(hello('new', 1, 1), present)
    receiver.onFrame({ kind: 'data', sequence: 1, message: Uint8Array.of(1) }, present)
    receiver.greet(hello('old', 1, 7), late)
    // Its stream was taken away: the session goes on with another, and sends what was not acknowledged.
    receiver.greet(hello('new', 2, 1), again)
    receiver.onFrame({ kind: 'data', sequence: 1, message: Uint8Array.of(1) }, again)
    receiver.onFrame({ kind: 'data', sequence: 2, message: Uint8Array.of(2) }, again)
    expect(delivered).toEqual([1, 2])
  })
})

describe('a dispatcher', () => {
  it('takes a peer that has said goodbye for gone, whatever is acknowledged after that', async () => {
    const ups: boolean[] = []
    const streams: FrameStreamEvents[] = []
    const sent: Frame['kind'][] = []
    const port = {
      self: 'ben',
      open: async (_peer: string, events: FrameStreamEvents): Promise<FrameStream> => {
        streams.push(events)
        return { send: (parts) => sent.push(decodeFrame(joinParts(parts)).kind) > 0, close: () => undefined }
      },
    } as unknown as StreamPort
    const dispatcher = new Dispatcher({
      peer: 'ann',
      port,
      clock: STOPPED_CLOCK,
      session: '0011223344556677',
      capacity: 8,
      pathGraceMs: 1_000,
      onUp: (up) => ups.push(up),
    })
    const acknowledge = (which: number): void => streams[which]?.onFrame(joinParts(encodeFrame({ kind: 'ack', sequence: 0 })))
    await Promise.resolve()
    acknowledge(0)
    dispatcher.gone()
    acknowledge(0)
    expect(ups).toEqual([true, false])
    // It is back, on a stream of its own.
    streams[0]?.onBroken('closed')
    await Promise.resolve()
    acknowledge(1)
    expect(ups).toEqual([true, false, true])
  })
})
