import type { Page } from 'playwright'

/** What this machine's browser gives at most: pages and the data channel between them, nothing of ours. */
interface RawPage {
  connection: RTCPeerConnection
  channel: RTCDataChannel
  opened: Promise<void>
}

/**
 * Throughput of one plain RTCDataChannel between two pages, MiB/s: what libp2p's muxer and ours can come near to. A
 * message is as long as those of the muxer, and the channel's buffer is kept at the same fill.
 */
export async function rawMibPerSecond(from: Page, to: Page, bytes: number, messageBytes: number): Promise<number> {
  const offer = await from.evaluate(async () => {
    const connection = new RTCPeerConnection()
    const channel = connection.createDataChannel('raw')
    channel.binaryType = 'arraybuffer'
    const opened = new Promise<void>((resolve) => channel.addEventListener('open', () => resolve()))
    Object.assign(globalThis, { raw: { connection, channel, opened } })
    await connection.setLocalDescription()
    await new Promise<void>((resolve) => {
      connection.onicecandidate = ({ candidate }) => (candidate === null ? resolve() : undefined)
    })
    return connection.localDescription?.sdp ?? ''
  })
  const answer = await to.evaluate(
    async ([sdp, size]) => {
      const connection = new RTCPeerConnection()
      Object.assign(globalThis, { raw: { connection } })
      connection.ondatachannel = ({ channel }) => {
        channel.binaryType = 'arraybuffer'
        let arrived = 0
        channel.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
          arrived += data.byteLength
          if (arrived === size) channel.send('done')
        }
      }
      await connection.setRemoteDescription({ type: 'offer', sdp })
      await connection.setLocalDescription()
      await new Promise<void>((resolve) => {
        connection.onicecandidate = ({ candidate }) => (candidate === null ? resolve() : undefined)
      })
      return connection.localDescription?.sdp ?? ''
    },
    [offer, bytes] as const,
  )
  const ms = await from.evaluate(
    async ([sdp, size, length]) => {
      const { connection, channel, opened } = (globalThis as unknown as { raw: RawPage }).raw
      await connection.setRemoteDescription({ type: 'answer', sdp })
      await opened
      const done = new Promise((resolve) => channel.addEventListener('message', resolve))
      const message = new Uint8Array(length).fill(7)
      channel.bufferedAmountLowThreshold = 64 * 1024
      const started = performance.now()
      for (let sent = 0; sent < size; sent += length) {
        channel.send(message)
        if (channel.bufferedAmount > 1024 * 1024) {
          await new Promise((resolve) => channel.addEventListener('bufferedamountlow', resolve, { once: true }))
        }
      }
      await done
      return performance.now() - started
    },
    [answer, bytes, messageBytes] as const,
  )
  for (const page of [from, to]) await page.evaluate(() => (globalThis as unknown as { raw: RawPage }).raw.connection.close())
  return Math.round((bytes / 2 ** 20 / (ms / 1000)) * 10) / 10
}
