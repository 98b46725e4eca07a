import { imageDimensionsFromData } from 'image-dimensions'
import { bytes as formatBytes, count } from '../view/format.ts'

/** Largest file that is read, in bytes. */
export const MAX_PHOTO_FILE_BYTES = 64 * 1024 * 1024
/** Most pixels of a photo: 4 bytes each have to fit into every part that handles them. */
export const MAX_PHOTO_PIXELS = 48_000_000
/** Longest side in pixels: what browsers can still draw. */
export const MAX_PHOTO_SIDE = 16_384
/** Bytes from the start of a file in which every format has said its size. */
export const PHOTO_HEAD_BYTES = 256 * 1024

/** A decoded photo: [height, width, 4] u8, red, green, blue, alpha, not premultiplied. */
export interface Photo {
  bytes: Uint8Array
  width: number
  height: number
  name: string
}

/** A file that cannot be used as a photo: which file, why, and what to do. */
export class PhotoError extends Error {
  override readonly name = 'PhotoError'

  constructor(file: string, reason: string, advice: string, options?: ErrorOptions) {
    super(`“${file}” cannot be used: ${reason}. ${advice}`, options)
  }
}

const OTHER = 'Choose a JPEG, PNG or WebP picture.'

/** Refuses what cannot or must not be decoded, from the file's size and first bytes alone. Throws {@link PhotoError}. */
export function checkPhotoHead(name: string, size: number, head: Uint8Array): void {
  if (size === 0) throw new PhotoError(name, 'the file is empty', OTHER)
  if (size > MAX_PHOTO_FILE_BYTES) {
    throw new PhotoError(
      name,
      `it has ${formatBytes(size)}, and at most ${formatBytes(MAX_PHOTO_FILE_BYTES)} are read`,
      'Save it smaller and try again.',
    )
  }
  // Formats that this does not know are left to the browser's own decoder.
  const dimensions = imageDimensionsFromData(head)
  if (dimensions !== undefined) checkPhotoSize(name, dimensions.width, dimensions.height)
}

/** Throws {@link PhotoError} for a picture without pixels or with too many. */
export function checkPhotoSize(name: string, width: number, height: number): void {
  if (width < 1 || height < 1) throw new PhotoError(name, `it is ${width} × ${height} pixels, so there is nothing in it`, OTHER)
  if (width > MAX_PHOTO_SIDE || height > MAX_PHOTO_SIDE || width * height > MAX_PHOTO_PIXELS) {
    throw new PhotoError(
      name,
      `it is ${count(width)} × ${count(height)} pixels, and at most ${count(MAX_PHOTO_PIXELS)} in all and ${count(MAX_PHOTO_SIDE)} a side fit`,
      'Scale it down and try again.',
    )
  }
}

/** Answer of the decoding worker. */
export type DecodeAnswer = { width: number; height: number; bytes: Uint8Array<ArrayBuffer> } | { error: string }

/**
 * Decodes a picture in a worker of its own, so that the page stays responsive, without any colour conversion: the
 * same file gives the same pixels wherever the decoder is the same. Rejects with {@link PhotoError}.
 */
export async function decodePhoto(file: File): Promise<Photo> {
  const head = new Uint8Array(await file.slice(0, PHOTO_HEAD_BYTES).arrayBuffer())
  checkPhotoHead(file.name, file.size, head)
  const answer = await decodeInWorker(file)
  if ('error' in answer) {
    throw new PhotoError(file.name, `it is not a picture that this browser can read (${answer.error.replace(/\.$/, '')})`, OTHER)
  }
  checkPhotoSize(file.name, answer.width, answer.height)
  return { bytes: answer.bytes, width: answer.width, height: answer.height, name: file.name }
}

function decodeInWorker(file: File): Promise<DecodeAnswer> {
  const worker = new Worker(new URL('./decode.worker.ts', import.meta.url), { type: 'module', name: 'decode' })
  return new Promise<DecodeAnswer>((resolve) => {
    worker.addEventListener('message', (event: MessageEvent<DecodeAnswer>) => resolve(event.data))
    worker.addEventListener('error', (event) => resolve({ error: event.message || 'the decoder failed' }))
    worker.postMessage(file)
  }).finally(() => worker.terminate())
}
