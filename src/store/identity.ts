import type { LogIdentities, LogIdentity } from '@orbitdb/core'
import * as dagCbor from '@ipld/dag-cbor'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { hex } from '../domain/bytes.ts'
import { encodeCanonical, hashBytes } from '../domain/ids.ts'
import type { PeerId } from '../domain/ids.ts'
import type { Signer } from '../room/ports.ts'

const TYPE = 'roomful'
const SHA2_256 = 0x12
/** The peer id is the public key: what OrbitDB wants signed about it is proved by every entry's own signature. */
const SIGNATURES = { id: 'peer-id', publicKey: 'peer-id' }
const MAX_CACHED = 2_000

const hashes = new Map<PeerId, string>()

/** Name of an OrbitDB block: base58btc CIDv1 of DAG-CBOR under sha2-256. */
export function logHash(bytes: Uint8Array): string {
  return CID.createV1(dagCbor.code, createDigest(SHA2_256, hashBytes(bytes))).toString(base58btc)
}

function identityBytes(peer: PeerId): Uint8Array {
  return encodeCanonical({ id: peer, publicKey: peer, signatures: SIGNATURES, type: TYPE })
}

/**
 * Hash of the one identity that a peer can have in a log. OrbitDB looks an identity up by its hash and never ties it to
 * the key that signed the entry, so that anybody can write under another's name; here the key decides the identity.
 */
export function identityHash(peer: PeerId): string {
  let hash = hashes.get(peer)
  if (hash === undefined) {
    if (hashes.size >= MAX_CACHED) hashes.clear()
    hash = logHash(identityBytes(peer))
    hashes.set(peer, hash)
  }
  return hash
}

/** OrbitDB identities that are libp2p peers: the key of the node signs its entries, and no other key exists. */
export function peerIdentities(signer: Signer): { identity: LogIdentity; identities: LogIdentities } {
  const verify = async (signature: string, publicKey: string, data: Uint8Array): Promise<boolean> => {
    const bytes = fromHex(signature)
    return bytes !== null && signer.verify(publicKey, data, bytes)
  }
  const identity: LogIdentity = {
    id: signer.self,
    publicKey: signer.self,
    hash: identityHash(signer.self),
    bytes: identityBytes(signer.self),
    type: TYPE,
    signatures: SIGNATURES,
    sign: async (_identity, data) => hex(await signer.sign(data)),
    verify,
  }
  const identities: LogIdentities = {
    getIdentity: async (hash) => (hash === identity.hash ? identity : undefined),
    verifyIdentity: async (other) => other.hash === identityHash(other.publicKey) && other.id === other.publicKey,
    verify,
  }
  return { identity, identities }
}

/** 64 bytes from 128 lower-case digits, or null. */
function fromHex(text: string): Uint8Array | null {
  if (!/^[0-9a-f]{128}$/.test(text)) return null
  return Uint8Array.from({ length: 64 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
}
