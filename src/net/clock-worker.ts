/** Timers of a page's clock. A worker's timers are not slowed down when its page is hidden. */
const timers = new Map<number, ReturnType<typeof setTimeout>>()

globalThis.onmessage = ({ data }: MessageEvent<{ id: number; ms: number | null }>) => {
  clearTimeout(timers.get(data.id))
  timers.delete(data.id)
  if (data.ms === null) return
  const ring = (): void => {
    timers.delete(data.id)
    globalThis.postMessage(data.id)
  }
  timers.set(data.id, setTimeout(ring, data.ms))
}
