import { LengthPrefixedDecoder } from '@libp2p/utils'
import { encode as encodeVarint } from 'uint8-varint'
import { Uint8ArrayList } from 'uint8arraylist'
import { MAX_FRAME_BYTES } from '../room/wire/constants.ts'
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import type { FrameStream, FrameStreamEvents } from '../room/wire/stream-port.ts'

/** What is given to the decoder at a time: it refuses more than a frame and a little. */
const STEP_BYTES = 64 * 1024

/** A stream that broke for the reason in its message. */
class StreamEnd extends Error {
  override readonly name = 'StreamEnd'
}

/**
 * Length-prefixed frames on a libp2p stream. libp2p does not keep message boundaries: what has waited comes as one piece,
 * of any size. What arrives before somebody listens counts against a limit: so this attaches itself at once. `onMalformed` hears of bytes that are no frames.
 */
export function frameStream(
  stream: Stream,
  events: () => FrameStreamEvents | null,
  onMalformed: () => void = () => undefined,
): FrameStream {
  let closed = false
  const decoder = new LengthPrefixedDecoder({ maxDataLength: MAX_FRAME_BYTES, maxBufferSize: MAX_FRAME_BYTES + 2 * STEP_BYTES })

  const finish = (): void => {
    closed = true
    stream.removeEventListener('message', onMessage)
    stream.removeEventListener('close', onClose)
    stream.removeEventListener('remoteCloseWrite', onRemoteClose)
  }
  const broken = (reason: string): void => {
    if (closed) return
    finish()
    stream.abort(new StreamEnd(reason))
    events()?.onBroken(reason)
  }
  const onMessage = (event: StreamMessageEvent): void => {
    const data = new Uint8ArrayList(event.data)
    try {
      for (let offset = 0; offset < data.length; offset += STEP_BYTES) {
        for (const frame of decoder.decode(data.sublist(offset, Math.min(offset + STEP_BYTES, data.length)))) {
          if (closed) return
          events()?.onFrame(frame.subarray())
        }
      }
    } catch (error) {
      if (!closed) onMalformed()
      broken(`not a frame: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const onClose = (event: StreamCloseEvent): void => broken(event.error?.message ?? 'closed')
  const onRemoteClose = (): void => broken('closed by the other side')

  stream.addEventListener('message', onMessage)
  stream.addEventListener('close', onClose)
  stream.addEventListener('remoteCloseWrite', onRemoteClose)
  if (stream.status !== 'open') queueMicrotask(() => broken('closed'))

  return {
    send(parts) {
      if (closed) return false
      const length = parts.reduce((sum, part) => sum + part.length, 0)
      try {
        if (stream.send(new Uint8ArrayList(encodeVarint(length), ...parts))) return true
        stream.onDrain().then(
          () => {
            if (!closed) events()?.onReady()
          },
          () => broken('closed while it was full'),
        )
      } catch (error) {
        queueMicrotask(() => broken(error instanceof Error ? error.message : String(error)))
      }
      return false
    },
    close() {
      if (closed) return
      finish()
      // What was given to the stream before is sent; nothing is waited for.
      stream.close().catch(() => stream.abort(new StreamEnd('closed')))
    },
  }
}
