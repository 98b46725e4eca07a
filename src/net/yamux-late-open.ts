import { yamux } from '@libp2p/yamux'
import type { YamuxMuxerInit } from '@libp2p/yamux'
import type { Stream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'

/**
 * Mends @libp2p/yamux 8.0.3. There a new stream announces itself in a microtask of its own, and when the connection
 * breaks before that microtask runs, what it throws is caught by nobody: a peer that hangs up at the right moment ends
 * a relay's process. The cure: a stream that cannot announce itself any more is aborted.
 */
interface AnnouncingStream extends Stream {
  sendWindowUpdate(): void
}

interface AnnouncingMuxer extends StreamMuxer {
  onCreateStream?: (...args: never[]) => AnnouncingStream
}

/** yamux whose streams may come too late. */
export function safeYamux(init: YamuxMuxerInit = {}): () => StreamMuxerFactory {
  const create = yamux(init)
  return () => {
    const factory: StreamMuxerFactory = create()
    const createStreamMuxer = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (connection) => mend(createStreamMuxer(connection))
    return factory
  }
}

function mend(muxer: AnnouncingMuxer): StreamMuxer {
  const onCreateStream = muxer.onCreateStream?.bind(muxer)
  if (onCreateStream === undefined) return muxer
  muxer.onCreateStream = (...args) => {
    const stream = onCreateStream(...args)
    const announce = stream.sendWindowUpdate.bind(stream)
    stream.sendWindowUpdate = () => {
      try {
        announce()
      } catch (error) {
        stream.abort(error instanceof Error ? error : new Error(String(error)))
      }
    }
    return stream
  }
  return muxer
}
