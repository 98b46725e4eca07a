import * as dagCbor from '@ipld/dag-cbor'
import { sha256 } from '@noble/hashes/sha2.js'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { create as createDigest } from 'multiformats/hashes/digest'
import { equalBytes } from './bytes.ts'

/** libp2p peer id as text: base58btc of an identity multihash of an Ed25519 public key. */
export type PeerId = string
/** Content address as text (CIDv1, base32, sha2-256). */
export type Cid = string
/** Content address of a job's manifest. */
export type JobId = Cid
/** Content address of a block: job and index. */
export type BlockId = Cid

const SHA2_256 = 0x12

/** sha2-256 of the bytes: 32 bytes. */
export function hashBytes(bytes: Uint8Array): Uint8Array {
  return sha256(bytes)
}

/** Content address of raw bytes: the name under which the block store keeps them. */
export function cidOfBytes(bytes: Uint8Array): Cid {
  return cidOfHash(sha256(bytes))
}

/** Texts of hashes, which are asked for again and again as long as their result is in hand. */
const addresses = new WeakMap<Uint8Array, Cid>()

/** Content address of raw bytes whose sha2-256 (32 bytes, never written to again) is already known. */
export function cidOfHash(hash: Uint8Array): Cid {
  let cid = addresses.get(hash)
  if (cid === undefined) addresses.set(hash, (cid = CID.createV1(raw.code, createDigest(SHA2_256, hash)).toString()))
  return cid
}

/** The 32-byte sha2-256 inside a content address. Throws if the text is not a CIDv1 of sha2-256. */
export function hashOfCid(cid: Cid): Uint8Array {
  const { multihash, version } = CID.parse(cid)
  if (version !== 1 || multihash.code !== SHA2_256) {
    throw new Error(`${cid} is not a CIDv1 with sha2-256: only those name data here`)
  }
  return multihash.digest
}

/** Canonical DAG-CBOR of a plain value: equal values give equal bytes on every machine. */
export function encodeCanonical(value: unknown): Uint8Array {
  return dagCbor.encode(value)
}

/** Inverse of {@link encodeCanonical}. Throws on bytes that are not canonical DAG-CBOR. */
export function decodeCanonical(bytes: Uint8Array): unknown {
  const value: unknown = dagCbor.decode(bytes)
  // The decoder lets some spellings pass that the encoder never writes, such as keys in another order.
  if (!equalBytes(dagCbor.encode(value), bytes))
    throw new Error('these bytes are not canonical DAG-CBOR: another spelling of the same value has another hash')
  return value
}

/** Content address of a plain value through its canonical DAG-CBOR. */
export function cidOfValue(value: unknown): Cid {
  return CID.createV1(dagCbor.code, createDigest(SHA2_256, sha256(dagCbor.encode(value)))).toString()
}
