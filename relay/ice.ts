import { RelayConfigError } from './errors.ts'

/** A STUN or TURN server, as WebRTC takes it. */
export interface IceServer {
  urls: string
  username?: string
  credential?: string
}

/**
 * Reads one `--ice` option: `stun:HOST[:PORT]`, or `turn:USER:PASSWORD@HOST[:PORT][?transport=udp|tcp]`, or `turns:…`.
 * @throws RelayConfigError with what is wrong, and never with the password
 */
export function parseIceServer(text: string): IceServer {
  const match = /^(stuns?|turns?):(?:([^:@]+):([^@]+)@)?(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?(\?transport=(?:udp|tcp))?$/.exec(
    text,
  )
  if (match === null) {
    throw new RelayConfigError('--ice expects stun:HOST:PORT or turn:USER:PASSWORD@HOST:PORT, with ?transport=tcp where it is needed')
  }
  const [, scheme = '', username, credential, host = '', port = '', transport = ''] = match
  const urls = `${scheme}:${host}${port}${transport}`
  if (scheme.startsWith('turn') && (username === undefined || credential === undefined)) {
    throw new RelayConfigError(`--ice ${urls}: a TURN server needs USER:PASSWORD@ before its host`)
  }
  return username === undefined || credential === undefined ? { urls } : { urls, username, credential }
}
