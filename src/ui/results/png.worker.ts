import { encode } from 'fast-png'
import type { PngAnswer } from './files.ts'

/** The part of a dedicated worker's global scope that is used here; the DOM library types `self` as a window. */
const scope = self as unknown as {
  addEventListener(type: 'message', listener: (event: MessageEvent<{ rgba: Uint8Array; width: number; height: number }>) => void): void
  postMessage(answer: PngAnswer, transfer?: Transferable[]): void
}

scope.addEventListener('message', (event) => {
  const { rgba, width, height } = event.data
  try {
    const png = encode({ data: rgba, width, height, channels: 4, depth: 8 }) as Uint8Array<ArrayBuffer>
    scope.postMessage({ png }, [png.buffer])
  } catch (cause) {
    scope.postMessage({ error: cause instanceof Error ? cause.message : String(cause) })
  }
})
