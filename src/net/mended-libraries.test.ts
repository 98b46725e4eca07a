import { multiaddrConnectionPair } from '@libp2p/utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { mendInitChannel } from './webrtc-init-channel.ts'
import { proving } from './webrtc-proven.ts'
import { safeYamux } from './yamux-late-open.ts'
import type { MultiaddrConnection, Upgrader } from '@libp2p/interface'

describe('the cure for the WebRTC dial race', () => {
  class Channel extends EventTarget {
    readonly label: string
    closed = 0
    constructor(label: string) {
      super()
      this.label = label
    }
    close(): void {
      this.closed++
    }
  }
  class Connection extends EventTarget {
    createAnswer(): string {
      return 'answer'
    }
    createDataChannel(label: string): Channel {
      return new Channel(label)
    }
    arrive(channel: Channel): Channel {
      this.dispatchEvent(Object.assign(new Event('datachannel'), { channel }))
      return channel
    }
  }
  mendInitChannel(Connection)
  mendInitChannel(Connection)

  it('lets the side that answers not close the channel of the side that dials', () => {
    const recipient = new Connection()
    expect(recipient.createAnswer()).toBe('answer')
    const init = recipient.arrive(new Channel('init'))
    init.close()
    expect(init.closed).toBe(0)
  })

  it('leaves all other channels as they are', () => {
    const recipient = new Connection()
    recipient.createAnswer()
    const stream = recipient.arrive(new Channel(''))
    stream.close()
    expect(stream.closed).toBe(1)
  })

  describe('on the side that dials', () => {
    beforeEach(() => void vi.useFakeTimers())
    afterEach(() => void vi.useRealTimers())

    function closing(label: string): { channel: Channel; closes: number } {
      const seen = { channel: new Connection().createDataChannel(label), closes: 0 }
      seen.channel.addEventListener('close', () => seen.closes++)
      seen.channel.close()
      return seen
    }

    it('goes on soon when the other side never answers its closing, as Firefox does', () => {
      const seen = closing('init')
      expect(seen).toMatchObject({ channel: { closed: 1 }, closes: 0 })
      vi.advanceTimersByTime(100)
      expect(seen.closes).toBe(1)
    })

    it('hears the closing once when the other side answers', () => {
      const seen = closing('init')
      seen.channel.dispatchEvent(new Event('close'))
      vi.advanceTimersByTime(1_000)
      expect(seen.closes).toBe(1)
    })

    it('leaves all other channels as they are', () => {
      const seen = closing('')
      vi.advanceTimersByTime(1_000)
      expect(seen).toMatchObject({ channel: { closed: 1 }, closes: 0 })
    })
  })
})

describe('the cure for WebRTC connections that are none', () => {
  class Connection extends EventTarget {
    connectionState = 'new'
    become(state: string): void {
      this.connectionState = state
      this.dispatchEvent(new Event('connectionstatechange'))
    }
  }
  const upgradeInbound = vi.fn(async () => undefined)
  const upgrade = (peerConnection: Connection, signal?: AbortSignal): Promise<string> =>
    proving({ upgradeInbound } as unknown as Upgrader)
      .upgradeInbound({ peerConnection } as unknown as MultiaddrConnection, { signal } as never)
      .then(
        () => 'open',
        (error: Error) => error.message,
      )
  beforeEach(() => {
    upgradeInbound.mockClear()
    vi.useFakeTimers()
  })
  afterEach(() => void vi.useRealTimers())

  it('takes in what is connected, at once or a little later', async () => {
    const early = new Connection()
    early.become('connected')
    expect(await upgrade(early)).toBe('open')
    const late = new Connection()
    const opening = upgrade(late)
    late.become('connecting')
    vi.advanceTimersByTime(1_000)
    expect(upgradeInbound).toHaveBeenCalledTimes(1)
    late.become('connected')
    expect(await opening).toBe('open')
    expect(upgradeInbound).toHaveBeenCalledTimes(2)
  })

  it.each(['failed', 'closed', 'new'])('refuses one that is %s', async (state) => {
    const connection = new Connection()
    const opening = upgrade(connection)
    connection.become(state)
    vi.advanceTimersByTime(3_000)
    expect(await opening).toBe(`the peer that dialled found no direct path: the connection is "${state}"`)
    expect(upgradeInbound).not.toHaveBeenCalled()
  })

  it('ends when the node does', async () => {
    expect(await upgrade(new Connection(), AbortSignal.abort())).toMatch(/no direct path/)
  })
})

describe('the cure for streams that announce themselves too late', () => {
  it('aborts the stream, and throws at nobody, when the connection is gone before the stream is announced', async () => {
    const uncaught: unknown[] = []
    const onUncaught = (error: unknown): void => void uncaught.push(error)
    process.on('uncaughtException', onUncaught)
    try {
      const [connection] = multiaddrConnectionPair()
      const muxer = safeYamux()().createStreamMuxer(connection)
      // The connection takes nothing more, and the muxer has not heard of it yet.
      void connection.close().catch(() => undefined)
      const opening = Promise.resolve(muxer.createStream())
      const stream = await opening.catch((error: Error) => error)
      await new Promise((resolve) => setImmediate(resolve))
      expect(uncaught).toEqual([])
      if (!(stream instanceof Error)) expect(['aborted', 'closed', 'reset']).toContain(stream.status)
    } finally {
      process.off('uncaughtException', onUncaught)
    }
  })
})
