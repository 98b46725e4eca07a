import { describe, expect, it, vi } from 'vitest'
import { openStream } from './open-stream.ts'
import type { Connection, Stream } from '@libp2p/interface'

const STREAM = { status: 'open' } as Stream

/** Opens a stream over these connections: the first that is open is the path. */
async function open(...connections: Connection[]): Promise<Stream> {
  const path = async (): Promise<Connection> => {
    const found = connections.find(({ status }) => status === 'open')
    if (found === undefined) throw new Error('nobody leads there')
    return found
  }
  const hasOther = (one: Connection): boolean => connections.some((other) => other !== one && other.status === 'open')
  return openStream({ path, hasOther }, 'peer', '/protocol', { signal: new AbortController().signal })
}

/** A connection that says it is open and answers these, one after the other, and the last for ever. */
function answering(...answers: (Error | Stream)[]): Connection {
  const connection = {
    status: 'open',
    newStream: vi.fn(async () => {
      const answer = answers.length > 1 ? answers.shift() : answers[0]
      if (answer instanceof Error) throw answer
      return answer
    }),
    abort: vi.fn(() => {
      connection.status = 'aborted'
    }),
  }
  return connection as unknown as Connection
}

function named(name: string, message = name): Error {
  return Object.assign(new Error(message), { name })
}

describe('a stream to a peer', () => {
  it('leaves a connection that is over without saying so, and takes the next path', async () => {
    const stale = answering(new Error('the peer connection is destroyed'))
    const good = answering(STREAM)
    expect(await open(stale, good)).toBe(STREAM)
    expect(stale.abort).toHaveBeenCalledOnce()
  })

  it('leaves a connection alone that is well and refuses', async () => {
    for (const name of ['UnsupportedProtocolError', 'TooManyOutboundProtocolStreamsError', 'StreamResetError']) {
      const refusing = answering(named(name, 'not here'))
      await expect(open(refusing)).rejects.toThrow('not here')
      expect(refusing.abort).not.toHaveBeenCalled()
    }
  })

  it('is tried again, at nobody else’s cost, when it ends before it has begun', async () => {
    const well = answering(named('UnexpectedEOFError'), STREAM)
    expect(await open(well)).toBe(STREAM)
    expect(well.abort).not.toHaveBeenCalled()
  })

  it('leaves a connection on which every stream ends before it has begun', async () => {
    const halfClosed = answering(named('UnexpectedEOFError'))
    expect(await open(halfClosed, answering(STREAM))).toBe(STREAM)
    expect(halfClosed.newStream).toHaveBeenCalledTimes(2)
    expect(halfClosed.abort).toHaveBeenCalledOnce()
  })

  it('leaves a connection that says nothing where there is another, and waits for it longer where there is none', async () => {
    vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort(named('TimeoutError')))
    try {
      const [mute, only] = [answering(named('TimeoutError', 'too late')), answering(named('TimeoutError', 'too late'))]
      expect(await open(mute, answering(STREAM))).toBe(STREAM)
      expect(mute.abort).toHaveBeenCalledOnce()
      await expect(open(only)).rejects.toThrow('too late')
      expect(only.abort).not.toHaveBeenCalled()
    } finally {
      vi.restoreAllMocks()
    }
  })

  it('is given up after a few tries, with what the last one said', async () => {
    const paths = Array.from({ length: 5 }, (_, i) => answering(new Error(`path ${i} is over`)))
    await expect(open(...paths)).rejects.toThrow('path 2 is over')
  })
})
