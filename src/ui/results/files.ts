import { hex } from '../../domain/bytes.ts'

/** Answer of the PNG worker. */
export type PngAnswer = { png: Uint8Array<ArrayBuffer> } | { error: string }

/** Hands a file to the person. */
export function save(name: string, type: string, content: Uint8Array | string): void {
  const url = URL.createObjectURL(new Blob([content as BlobPart], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser reads the blob after this task; a minute is ample for it to begin.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

/** Lower-case hexadecimal sha2-256; computed off the main thread. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)))
}

/** PNG file of [height, width, 4] u8, exactly these bytes, made in a worker. */
export function encodePng(rgba: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  const worker = new Worker(new URL('./png.worker.ts', import.meta.url), { type: 'module', name: 'png' })
  return new Promise<Uint8Array>((resolve, reject) => {
    worker.addEventListener('message', (event: MessageEvent<PngAnswer>) =>
      'png' in event.data ? resolve(event.data.png) : reject(new Error(event.data.error)),
    )
    worker.addEventListener('error', (event) => reject(new Error(event.message || 'the PNG encoder failed')))
    worker.postMessage({ rgba, width, height })
  }).finally(() => worker.terminate())
}
