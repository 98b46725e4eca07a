import { decode as decodePng } from 'fast-png'
import type { DecodeAnswer } from './photo.ts'

/** The part of a dedicated worker's global scope that is used here; the DOM library types `self` as a window. */
const scope = self as unknown as {
  addEventListener(type: 'message', listener: (event: MessageEvent<File>) => void): void
  postMessage(answer: DecodeAnswer, transfer?: Transferable[]): void
}

scope.addEventListener('message', (event) => {
  decode(event.data).then(
    (answer) => scope.postMessage(answer, 'bytes' in answer ? [answer.bytes.buffer] : []),
    (cause: unknown) => scope.postMessage({ error: cause instanceof Error ? cause.message : String(cause) }),
  )
})

async function decode(file: File): Promise<DecodeAnswer> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
  const { width, height } = bitmap
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
  if (context === null) return { error: 'this browser cannot draw outside the page' }
  context.drawImage(bitmap, 0, 0)
  bitmap.close()
  const pixels = context.getImageData(0, 0, width, height).data
  // A canvas keeps colours multiplied by alpha, which loses digits where a picture is not opaque. PNGs with an
  // alpha channel are the usual such pictures: those are read exactly.
  if (file.type === 'image/png' && !isOpaque(pixels)) {
    const png = decodePng(new Uint8Array(await file.arrayBuffer()))
    if (png.channels === 4 && png.depth === 8) return { width, height, bytes: new Uint8Array(png.data) }
  }
  return { width, height, bytes: new Uint8Array(pixels.buffer as ArrayBuffer) }
}

function isOpaque(rgba: Uint8ClampedArray): boolean {
  for (let at = 3; at < rgba.length; at += 4) if (rgba[at] !== 255) return false
  return true
}
