import { hashBytes } from '../domain/ids.ts'

/** Below this the way to the platform's own digest costs more than it saves, bytes. */
const SMALL = 4_096

/** sha2-256, 32 bytes, by the platform and off this thread where the bytes are many: a page must not stand still for a hash. */
export async function digest(bytes: Uint8Array): Promise<Uint8Array> {
  const subtle = globalThis.crypto?.subtle
  if (bytes.length < SMALL || subtle === undefined) return hashBytes(bytes)
  return new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
}
