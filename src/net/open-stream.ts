import type { Connection, NewStreamOptions, Stream } from '@libp2p/interface'
import type { PeerId } from '../domain/ids.ts'
import type { Links } from './links.ts'

/** How long a connection may take to open one stream, ms. */
const STREAM_TIMEOUT_MS = 8_000
/** Tries to open a stream before the peer counts as out of reach. */
const TRIES = 3
/** What a connection that is well may answer. */
const REFUSALS = ['UnsupportedProtocolError', 'TooManyOutboundProtocolStreamsError', 'StreamResetError']
/** The end of a stream that is not open yet. Once, it may be of the stream alone. */
const ENDED = 'UnexpectedEOFError'

/**
 * A stream to a peer on the best connection there is. A connection may be over before it says so: that it carries no
 * stream is the proof, and another path may do.
 * @throws UnreachableError when no path leads to the peer, or what the last connection tried said
 */
export async function openStream(
  links: Pick<Links, 'path' | 'hasOther'>,
  peer: PeerId,
  protocol: string,
  options: NewStreamOptions & { signal: AbortSignal },
): Promise<Stream> {
  let doubted: Connection | null = null
  for (let tries = 1; ; tries++) {
    const connection = await links.path(peer, options.signal)
    const late = AbortSignal.timeout(STREAM_TIMEOUT_MS)
    const patience = AbortSignal.any([options.signal, late])
    try {
      return await connection.newStream(protocol, { ...options, signal: patience, runOnLimitedConnection: true })
    } catch (error) {
      const name = error instanceof Error ? error.name : ''
      if (options.signal.aborted || tries === TRIES || (connection.status === 'open' && REFUSALS.includes(name))) throw error
      // A slow connection is better than none.
      if (late.aborted && !links.hasOther(connection)) throw error
      if (name === ENDED && connection !== doubted) doubted = connection
      else connection.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }
}
