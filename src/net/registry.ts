import { decodeCanonical, encodeCanonical } from '../domain/ids.ts'
import type { PeerId } from '../domain/ids.ts'
import type { Signer } from '../room/ports.ts'

/** Nodes say here how they can be reached and to whom they want to be visible. One frame asks, one answers, DAG-CBOR. */
export const REGISTRY_PROTOCOL = '/roomful/registry/1.0.0'

/**
 * Who may find a node and reach it directly: everyone; those who listen on a topic of a room of its own; those it
 * names; nobody.
 */
export type Visibility = 'everyone' | 'room' | 'invited' | 'nobody'

/** How one runtime can be reached. */
export interface RegistryEntry {
  peer: PeerId
  /** Address of this run of the node: `/roomful/runtime/<peer>/<run>`. */
  runtime: string
  /** Address of its link handler, the same after a restart: `/roomful/link/<peer>`. */
  handler: string
  /** Protocol ids that it speaks. */
  protocols: string[]
  visibility: Visibility
  /** Who may find it when its visibility is `invited`. */
  invited: PeerId[]
  /** ms since the epoch. The newest entry of a peer counts. */
  issuedAt: number
  /** How long the entry holds, ms. */
  ttlMs: number
}

export interface SignedEntry {
  entry: RegistryEntry
  signature: Uint8Array
}

export const MAX_PROTOCOLS = 64
export const MAX_INVITED = 256
export const MAX_ENTRY_TTL_MS = 60 * 60_000
export const MAX_ENTRIES = 10_000
const MAX_ADDRESS_LENGTH = 256
const VISIBILITIES: readonly unknown[] = ['everyone', 'room', 'invited', 'nobody']
/** Clocks differ; an entry may come from so far in the future, ms. */
const CLOCK_SKEW_MS = 5 * 60_000

/** An entry that is not taken: the message says why. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
}

export function handlerAddress(peer: PeerId): string {
  return `/roomful/link/${peer}`
}

export function runtimeAddress(peer: PeerId, run: string): string {
  return `/roomful/runtime/${peer}/${run}`
}

/** The peer that an address of either kind, or a bare peer id, belongs to; null when it is no address. */
export function peerOfRuntime(address: string): PeerId | null {
  const match = /^(?:\/roomful\/(?:link|runtime)\/)?([1-9A-HJ-NP-Za-km-z]{20,128})(?:\/[0-9a-f]{1,64})?$/.exec(address)
  return match?.[1] ?? null
}

/** Signs an entry with the node's own key. */
export async function signEntry(entry: RegistryEntry, signer: Signer): Promise<SignedEntry> {
  return { entry, signature: await signer.sign(entryBytes(entry)) }
}

/** Entries with a time to live, each signed by its owner. Time comes from outside. */
export class Registry {
  readonly #verify: Signer['verify']
  readonly #entries = new Map<PeerId, SignedEntry>()

  constructor(verify: Signer['verify']) {
    this.#verify = verify
  }

  get size(): number {
    return this.#entries.size
  }

  /**
   * Takes an entry from `from`, in place of its older one.
   * @throws RegistryError when it is malformed, stale, somebody else's or not signed by its owner
   */
  async put(value: unknown, from: PeerId, now: number): Promise<void> {
    const signed = readSigned(value)
    const { entry } = signed
    if (entry.peer !== from) throw new RegistryError(`${from} registers an entry of ${entry.peer}`)
    if (entry.issuedAt > now + CLOCK_SKEW_MS) throw new RegistryError('the entry is from the future: set the clock')
    if (entry.issuedAt + entry.ttlMs <= now) throw new RegistryError('the entry has expired')
    if (!(await this.#verify(from, entryBytes(entry), signed.signature))) {
      throw new RegistryError(`the entry is not signed by ${from}`)
    }
    // After the signature: checking takes its time, and a newer entry may have come meanwhile.
    if ((this.#entries.get(from)?.entry.issuedAt ?? 0) > entry.issuedAt) throw new RegistryError('a newer entry is known')
    this.#expire(now)
    if (this.#entries.size >= MAX_ENTRIES && !this.#entries.has(from)) throw new RegistryError('the registry is full')
    this.#entries.set(from, signed)
  }

  /** The entry at an address, or null when there is none that `asker` may see. */
  find(address: string, asker: PeerId, sharesRoom: (peer: PeerId) => boolean, now: number): SignedEntry | null {
    const peer = peerOfRuntime(address)
    const signed = peer === null ? undefined : this.#entries.get(peer)
    if (signed === undefined || peer === null || signed.entry.issuedAt + signed.entry.ttlMs <= now) return null
    if (address.startsWith('/roomful/runtime/') && address !== signed.entry.runtime) return null
    return this.permits(asker, peer, sharesRoom) ? signed : null
  }

  /** Whether `asker` may reach the peer. Who has said nothing may be reached by everybody. */
  permits(asker: PeerId, peer: PeerId, sharesRoom: (peer: PeerId) => boolean): boolean {
    const entry = this.#entries.get(peer)?.entry
    if (entry === undefined || asker === peer) return true
    return isVisible(entry, asker, () => sharesRoom(peer))
  }

  /** Forgets a peer that is gone. */
  delete(peer: PeerId): void {
    this.#entries.delete(peer)
  }

  #expire(now: number): void {
    for (const [peer, { entry }] of this.#entries) {
      if (entry.issuedAt + entry.ttlMs <= now) this.#entries.delete(peer)
    }
  }
}

/** Whether an asker may see a node of that policy. */
export function isVisible(
  policy: { visibility: Visibility; invited: readonly PeerId[] },
  asker: PeerId,
  sharesRoom: () => boolean,
): boolean {
  switch (policy.visibility) {
    case 'everyone':
      return true
    case 'room':
      return sharesRoom()
    case 'invited':
      return policy.invited.includes(asker)
    case 'nobody':
      return false
  }
}

/** Bytes that are signed: domain separation first, so that no other signature can pass for this one. */
function entryBytes(entry: RegistryEntry): Uint8Array {
  return encodeCanonical(['roomful registry entry', 1, entry])
}

function readSigned(value: unknown): SignedEntry {
  const { entry, signature } = (value ?? {}) as Partial<SignedEntry>
  if (!(signature instanceof Uint8Array) || signature.length > 256) throw new RegistryError('the entry has no signature')
  if (typeof entry !== 'object' || entry === null) throw new RegistryError('there is no entry')
  const texts = (list: unknown, most: number): list is string[] =>
    Array.isArray(list) && list.length <= most && list.every((text) => typeof text === 'string' && text.length <= MAX_ADDRESS_LENGTH)
  const { peer, runtime, handler, protocols, visibility, invited, issuedAt, ttlMs } = entry
  if (!texts([peer, runtime, handler], 3)) throw new RegistryError('peer and addresses must be short texts')
  if (handler !== handlerAddress(peer) || !runtime.startsWith(`/roomful/runtime/${peer}/`)) {
    throw new RegistryError(`the addresses are not those of ${peer}`)
  }
  if (!texts(protocols, MAX_PROTOCOLS)) throw new RegistryError(`protocols must be at most ${MAX_PROTOCOLS} short texts`)
  if (!texts(invited, MAX_INVITED)) throw new RegistryError(`at most ${MAX_INVITED} peers can be invited`)
  if (!VISIBILITIES.includes(visibility)) throw new RegistryError(`visibility cannot be '${String(visibility)}'`)
  if (!Number.isSafeInteger(issuedAt) || !Number.isSafeInteger(ttlMs) || ttlMs < 1 || ttlMs > MAX_ENTRY_TTL_MS) {
    throw new RegistryError(`an entry holds for 1 to ${MAX_ENTRY_TTL_MS} ms`)
  }
  // Only what was checked is kept and passed on.
  return { entry: { peer, runtime, handler, protocols, visibility, invited, issuedAt, ttlMs }, signature }
}

/** What a node asks a registry. */
export type RegistryRequest = { put: SignedEntry } | { find: string }
/** What the registry answers. */
export type RegistryAnswer = { entry: SignedEntry | null } | { refusal: string } | { taken: true }

export function encodeRegistry(message: RegistryRequest | RegistryAnswer): Uint8Array {
  return encodeCanonical(message)
}

/** An object from a frame, or null. Its fields are unchecked. */
export function decodeRegistry(frame: Uint8Array): Record<string, unknown> | null {
  try {
    const value = decodeCanonical(frame)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
