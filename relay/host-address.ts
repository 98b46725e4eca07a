import { isIP } from 'node:net'

/**
 * The relay's multiaddr as seen by whoever asked: the host of its request, so that a phone that opened
 * `http://192.168.1.5:8080` is told of that address and not of `localhost`.
 *
 * @param host the `Host` header, or undefined
 * @param port what the request came in on, where the header names none
 */
export function hostMultiaddr(host: string | undefined, tls: boolean, port: number | undefined, peer: string): string {
  const { name, port: named } = splitHost(host ?? 'localhost')
  const number = named ?? (host === undefined ? (port ?? 0) : tls ? 443 : 80)
  const family = isIP(name)
  const base = family === 0 ? `/dns4/${name}` : `/ip${family}/${name}`
  return `${base}/tcp/${number}${tls ? '/tls' : ''}/ws/p2p/${peer}`
}

function splitHost(host: string): { name: string; port: number | null } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(host)
  if (match === null) return { name: 'localhost', port: null }
  const [, bracketed, plain, port] = match
  return { name: bracketed ?? plain ?? 'localhost', port: port === undefined ? null : Number(port) }
}
