import type { Connection } from '@libp2p/interface'
import { describe, expect, it, vi } from 'vitest'
import type { RoomfulLibp2p } from './libp2p-options.ts'
import type { Links } from './links.ts'
import { Offences } from './offences.ts'
import { Libp2pStreamPort } from './stream-port.ts'

const EVENTS = { onFrame: () => undefined, onReady: () => undefined, onBroken: () => undefined }

/** A port over these connections: the first that is open is the path. */
function portOver(connections: Connection[]): Libp2pStreamPort {
  const links = {
    path: async () => {
      const path = connections.find(({ status }) => status === 'open')
      if (path === undefined) throw new Error('nobody leads there')
      return path
    },
  }
  return new Libp2pStreamPort({ peerId: 'self' } as unknown as RoomfulLibp2p, links as unknown as Links, new Offences(() => undefined))
}

/** A connection that says it is open and on which no stream opens. */
function dead(reason: Error): Connection {
  const connection = {
    status: 'open',
    newStream: vi.fn(async () => Promise.reject(reason)),
    abort: vi.fn(() => {
      connection.status = 'aborted'
    }),
  }
  return connection as unknown as Connection
}

describe('a stream to a peer', () => {
  it('leaves a connection that is over without saying so, and takes the next path', async () => {
    const stale = dead(new Error('the peer connection is destroyed'))
    const stream = Object.assign(new EventTarget(), { status: 'open' })
    const good = { status: 'open', newStream: vi.fn(async () => stream) } as unknown as Connection
    await portOver([stale, good]).open('peer', EVENTS, new AbortController().signal)
    expect(stale.abort).toHaveBeenCalledOnce()
    expect(good.newStream).toHaveBeenCalledOnce()
  })

  // Over WebRTC the end of a channel may overtake the reset that was sent on it.
  it.each(['UnsupportedProtocolError', 'StreamResetError', 'UnexpectedEOFError'])(
    'leaves a connection alone that is well and refuses with %s',
    async (name) => {
      const refusing = dead(Object.assign(new Error('not spoken here'), { name }))
      await expect(portOver([refusing]).open('peer', EVENTS, new AbortController().signal)).rejects.toThrow('not spoken here')
      expect(refusing.abort).not.toHaveBeenCalled()
    },
  )

  it('gives up after a few paths, and says what the last one said', async () => {
    const paths = Array.from({ length: 5 }, (_, i) => dead(new Error(`path ${i} is over`)))
    await expect(portOver(paths).open('peer', EVENTS, new AbortController().signal)).rejects.toThrow('path 2 is over')
  })
})
