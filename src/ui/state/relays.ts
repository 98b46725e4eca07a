import * as v from 'valibot'
import type { TextStore } from './settings.ts'

/** Most relays taken from an address or a relay's own list. */
export const MAX_RELAYS = 16
/** Most STUN and TURN servers taken from a relay: browsers warn from five on, and each costs time. */
export const MAX_ICE_SERVERS = 8
/** Longest multiaddr, in characters. */
export const MAX_MULTIADDR = 512

const KEY = 'roomful.relays'
const Multiaddr = v.pipe(v.string(), v.startsWith('/'), v.maxLength(MAX_MULTIADDR))

const Text = v.pipe(v.string(), v.maxLength(MAX_MULTIADDR))
const IceServer = v.object({
  urls: v.pipe(Text, v.regex(/^(?:stun|turn)s?:/)),
  username: v.optional(Text),
  credential: v.optional(Text),
})

/** What a relay says about itself at `/relay.json`. */
const RelayFile = v.object({
  multiaddrs: v.pipe(v.array(Multiaddr), v.maxLength(MAX_RELAYS)),
  iceServers: v.optional(v.pipe(v.array(IceServer), v.maxLength(MAX_ICE_SERVERS)), []),
})

/** The servers that a node works with. */
export interface Servers {
  /** Multiaddrs of relays. */
  relays: string[]
  /** STUN and TURN servers for those who cannot link directly without. */
  iceServers: RTCIceServer[]
}

export const NO_SERVERS: Servers = { relays: [], iceServers: [] }

/** No relay could be found: what was tried and what to do. The node can start without one. */
export class RelayError extends Error {
  override readonly name = 'RelayError'
}

/** `?relay=` may be repeated. Throws {@link RelayError} for one that is not a multiaddr. */
export function relaysInQuery(search: string): string[] {
  const relays = new URLSearchParams(search).getAll('relay').slice(0, MAX_RELAYS)
  for (const relay of relays) {
    if (!v.safeParse(Multiaddr, relay).success) {
      throw new RelayError(
        `"${relay.slice(0, 60)}" in the address of this page is not a relay: it must be a multiaddr such as /dns4/example.org/tcp/443/wss/p2p/12D3…`,
      )
    }
  }
  return relays
}

/**
 * The servers to use: the relays in the page's query, or else what the server of the page names, or else, when it does
 * not answer, what it named last. Rejects with {@link RelayError}.
 */
export async function findServers(search: string, get: (path: string) => Promise<Response>, store: TextStore): Promise<Servers> {
  const named = relaysInQuery(search)
  if (named.length > 0) return { relays: named, iceServers: [] }
  try {
    const file = await describedByServer(get)
    remember(store, file)
    return servers(file)
  } catch (cause) {
    const remembered = recall(store)
    if (remembered.relays.length > 0) return remembered
    throw cause
  }
}

function servers({ multiaddrs, iceServers }: v.InferOutput<typeof RelayFile>): Servers {
  return {
    relays: multiaddrs,
    iceServers: iceServers.map(({ urls, username, credential }) =>
      username === undefined || credential === undefined ? { urls } : { urls, username, credential },
    ),
  }
}

async function describedByServer(get: (path: string) => Promise<Response>): Promise<v.InferOutput<typeof RelayFile>> {
  const advice = 'Open Roomful from the address that a relay prints, or add ?relay=<multiaddr> to this page’s address.'
  let body: unknown
  try {
    const response = await get('/relay.json')
    if (!response.ok) throw new RelayError(`its answer was ${response.status}`)
    body = await response.json()
  } catch (cause) {
    throw new RelayError(`The server of this page did not name a relay (${reason(cause)}). ${advice}`, { cause })
  }
  const file = v.safeParse(RelayFile, body)
  if (!file.success)
    throw new RelayError(`The server of this page named its relay in a form that is not understood: ${file.issues[0].message}. ${advice}`)
  if (file.output.multiaddrs.length === 0) throw new RelayError(`The server of this page has no relay yet. ${advice}`)
  return file.output
}

function remember(store: TextStore, file: v.InferOutput<typeof RelayFile>): void {
  try {
    store.setItem(KEY, JSON.stringify(file))
  } catch {
    // A browser that stores nothing asks again on the next visit.
  }
}

function recall(store: TextStore): Servers {
  try {
    const file = v.safeParse(RelayFile, JSON.parse(store.getItem(KEY) ?? ''))
    return file.success ? servers(file.output) : NO_SERVERS
  } catch {
    return NO_SERVERS
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
