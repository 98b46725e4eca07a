/** The one timer of a page's clock, ms from now. A worker's timers are not slowed down when its page is hidden. */
let timer: ReturnType<typeof setTimeout> | undefined

globalThis.onmessage = ({ data }: MessageEvent<number>) => {
  clearTimeout(timer)
  timer = setTimeout(() => globalThis.postMessage(null), data)
}
