/** Longest text: a peer id has 52 characters, a content address 59; reasons are sentences. */
export const MAX_TEXT = 512
export const MAX_HASH_BYTES = 64
export const MAX_MEMBERS = 64
export const MAX_CHUNKS_PER_ROUND = 4096
export const MAX_ROUNDS = 24
export const MAX_EXPELLED = 1024
export const MAX_GRANTED_AT_ONCE = 64
export const MAX_KERNELS = 256
/** Largest output that travels inside a result; larger ones are fetched by content address. */
export const INLINE_LIMIT = 256 * 1024
/** Largest certificate, report or other CBOR inside a message. */
export const MAX_DOCUMENT_BYTES = 64 * 1024

const LIST_LIMITS: Record<string, number> = {
  kernels: MAX_KERNELS,
  joinOrder: MAX_MEMBERS,
  members: MAX_MEMBERS,
  peers: MAX_MEMBERS,
  departed: MAX_MEMBERS,
  commitments: MAX_MEMBERS,
  expelled: MAX_EXPELLED,
  rounds: MAX_ROUNDS,
  have: MAX_ROUNDS,
  microjobs: MAX_ROUNDS,
  results: MAX_CHUNKS_PER_ROUND,
  grants: MAX_CHUNKS_PER_ROUND,
  chunks: MAX_CHUNKS_PER_ROUND,
  disputed: MAX_CHUNKS_PER_ROUND,
  standings: MAX_MEMBERS,
  inHand: MAX_GRANTED_AT_ONCE,
}

const BYTE_LIMITS: Record<string, number> = {
  data: INLINE_LIMIT,
  body: MAX_DOCUMENT_BYTES,
  certificate: MAX_DOCUMENT_BYTES,
  bitmap: MAX_CHUNKS_PER_ROUND / 8,
}

const NUMBER_LIMITS: Record<string, number> = {
  chunkCount: MAX_CHUNKS_PER_ROUND,
}

/** Why a decoded message breaks a limit, or null. Walks the whole message once. */
export function checkLimits(message: unknown): string | null {
  return check(message, 'message')
}

function check(value: unknown, name: string): string | null {
  if (typeof value === 'string') {
    return value.length > MAX_TEXT ? `${name} has ${value.length} characters, at most ${MAX_TEXT}` : null
  }
  if (typeof value === 'number') {
    const most = NUMBER_LIMITS[name] ?? Number.MAX_SAFE_INTEGER
    return value >= 0 && value <= most ? null : `${name} is ${value}, allowed 0 to ${most}`
  }
  if (value instanceof Uint8Array) {
    const most = BYTE_LIMITS[name] ?? MAX_HASH_BYTES
    return value.length > most ? `${name} has ${value.length} bytes, at most ${most}` : null
  }
  if (Array.isArray(value)) {
    const most = LIST_LIMITS[name] ?? 0
    if (value.length > most) return `${name} has ${value.length} entries, at most ${most}`
    for (const item of value) {
      const fault = check(item, 'entry')
      if (fault !== null) return `${name}: ${fault}`
    }
    return null
  }
  if (typeof value === 'object' && value !== null) {
    for (const [key, field] of Object.entries(value)) {
      // The body's value is a message of its own, not a byte string of that name.
      const fault = check(field, key)
      if (fault !== null) return fault
    }
  }
  return null
}
