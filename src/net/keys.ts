import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import type { PrivateKey } from '@libp2p/interface'
import type { PeerId } from '../domain/ids.ts'
import type { Signer } from '../room/ports.ts'

/** A new Ed25519 key as libp2p protobuf bytes, to be kept by the caller. */
export async function generateKey(): Promise<Uint8Array> {
  return privateKeyToProtobuf(await generateKeyPair('Ed25519'))
}

/** The key that {@link generateKey} made. Throws on anything else. */
export function keyFromBytes(bytes: Uint8Array): PrivateKey {
  return privateKeyFromProtobuf(bytes)
}

/** Inverse of {@link keyFromBytes}. */
export function bytesOfKey(key: PrivateKey): Uint8Array {
  return privateKeyToProtobuf(key)
}

/** The peer id that belongs to a key. */
export function peerOfKey(key: PrivateKey): PeerId {
  return peerIdFromPrivateKey(key).toString()
}

/** Signs with a libp2p key. */
export class KeySigner implements Signer {
  readonly self: PeerId
  readonly #key: PrivateKey

  constructor(key: PrivateKey) {
    this.#key = key
    this.self = peerOfKey(key)
  }

  async sign(bytes: Uint8Array): Promise<Uint8Array> {
    // Node signs into a Buffer, which is equal to no plain array and becomes something else in JSON.
    return Uint8Array.from(await this.#key.sign(bytes))
  }

  verify(peer: PeerId, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
    return verifySignature(peer, bytes, signature)
  }
}

/** True when `signature` is the peer's over `bytes`: an Ed25519 peer id contains its public key. Never rejects. */
export async function verifySignature(peer: PeerId, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    const { publicKey } = peerIdFromString(peer)
    return publicKey !== undefined && (await publicKey.verify(bytes, signature))
  } catch {
    // A name that is no peer id, or a signature of the wrong length, verifies nothing.
    return false
  }
}
