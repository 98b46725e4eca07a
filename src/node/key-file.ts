import { equalBytes, hex, textBytes } from '../domain/bytes.ts'
import type { PeerId } from '../domain/ids.ts'
import { bytesOfKey, keyFromBytes, peerOfKey, verifySignature } from '../net/keys.ts'

/** A text that is no key file, or a key that cannot be used here: what is wrong, and what to do. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError'
}

/** Signed to try a key. */
const PROBE = textBytes('roomful/key-probe/1\n')
const WHAT_TO_DO = 'give the key file that this page downloads'
/** An Ed25519 key as libp2p writes it is far shorter. */
const MAX_DIGITS = 1_000

/** A private key as a file for its owner: JSON with the peer id, and libp2p's protobuf bytes as hexadecimal digits. */
export function keyFileText(key: Uint8Array): string {
  return `${JSON.stringify({ roomful: 'private key', peer: peerOfKey(keyFromBytes(key)), key: hex(key) }, null, 2)}\n`
}

/** Inverse of {@link keyFileText}; the key has been tried. Rejects with {@link KeyFileError}. */
export async function parseKeyFile(text: string): Promise<{ peer: PeerId; key: Uint8Array }> {
  let fields: Record<string, unknown>
  try {
    fields = Object(JSON.parse(text)) as Record<string, unknown>
  } catch (cause) {
    throw new KeyFileError(`this is not JSON: ${WHAT_TO_DO}`, { cause })
  }
  if (fields['roomful'] !== 'private key') throw new KeyFileError(`this JSON is not a key of Roomful: ${WHAT_TO_DO}`)
  const { peer, key: digits } = fields
  if (typeof digits !== 'string' || digits.length > MAX_DIGITS || !/^([0-9a-f]{2})+$/.test(digits))
    throw new KeyFileError('its key is not hexadecimal digits: the file was changed or cut off')
  const key = Uint8Array.from(digits.match(/../g)!, (pair) => Number.parseInt(pair, 16))
  const owner = await ownerOf(key)
  if (owner === null) throw new KeyFileError('its key is not a whole Ed25519 key: the file was changed or cut off')
  if (owner !== peer) throw new KeyFileError(`its key is that of ${owner}, not of ${String(peer).slice(0, 60)}: the file was changed`)
  return { peer: owner, key }
}

/** Whose key it is, or null when what it signs is not that peer's. */
export async function ownerOf(key: Uint8Array): Promise<PeerId | null> {
  try {
    const read = keyFromBytes(key)
    const peer = peerOfKey(read)
    // libp2p passes over fields that it does not know.
    const whole = read.type === 'Ed25519' && equalBytes(bytesOfKey(read), key)
    return whole && (await verifySignature(peer, PROBE, await read.sign(PROBE))) ? peer : null
  } catch {
    return null
  }
}
