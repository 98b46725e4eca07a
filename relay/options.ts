import { parseArgs } from 'node:util'
import { DEFAULT_QUOTAS } from './archive-quota.ts'
import type { ArchiveQuotas } from './archive-quota.ts'
import { RelayConfigError } from './errors.ts'
import { parseIceServer } from './ice.ts'
import type { IceServer } from './ice.ts'

/** What the relay's command line says. */
export interface RelayOptions {
  port: number
  host: string
  dataDir: string
  staticDir: string | null
  archive: boolean
  quotas: ArchiveQuotas
  tls: { kind: 'none' } | { kind: 'self' } | { kind: 'files'; cert: string; key: string }
  /** A reverse proxy says in its headers who asks, for which host, and whether over TLS. */
  behindProxy: boolean
  /** Reservations at most, or null for the default. */
  reservations: number | null
  /** STUN and TURN servers that tabs are told of. */
  ice: IceServer[]
  help: boolean
}

export const USAGE = `relay: introduces tabs to each other, keeps the job database and serves the app

  --port N          port for app and WebSockets (8080)
  --host ADDRESS    address to listen on (0.0.0.0: the whole network; 127.0.0.1: this machine alone)
  --data DIR        where key, certificate and job database are kept (.roomful)
  --static DIR      the built app (dist)
  --no-static       serve no app
  --no-archive      keep no job database
  --archive-mib N   MiB of jobs' blocks to keep in all (8192); the oldest unfinished jobs go first
  --requester-mib N MiB of one requester's (512)
  --requester-jobs N  unfinished jobs of one requester (1000)
  --tls-cert FILE   certificate chain, PEM; with --tls-key
  --tls-key FILE    its private key, PEM
  --tls-self        make a certificate: other devices need HTTPS for WebGPU and WebRTC
  --behind-proxy    believe the X-Forwarded-For, -Proto and -Host headers of your own reverse proxy
  --reservations N  peers that can be reached over this relay at once (1000)
  --ice SERVER      a STUN or TURN server for tabs, once for each: stun:HOST:PORT, turn:USER:PASSWORD@HOST:PORT
  --help            this text`

/** @throws RelayConfigError with one line that says what is wrong with which option */
export function parseRelayOptions(args: readonly string[]): RelayOptions {
  const values = parse(args)
  const cert = values['tls-cert']
  const key = values['tls-key']
  if ((cert === undefined) !== (key === undefined)) {
    throw new RelayConfigError('--tls-cert and --tls-key go together: give both, or --tls-self')
  }
  if (cert !== undefined && values['tls-self'] === true) {
    throw new RelayConfigError('--tls-self makes a certificate and --tls-cert brings one: give one of them')
  }
  return {
    port: whole('--port', values.port ?? '8080', 0, 65_535),
    host: values.host ?? '0.0.0.0',
    dataDir: values.data ?? '.roomful',
    staticDir: values['no-static'] === true ? null : (values.static ?? 'dist'),
    archive: values['no-archive'] !== true,
    quotas: {
      bytes: mebibytes('--archive-mib', values['archive-mib'], DEFAULT_QUOTAS.bytes),
      bytesPerRequester: mebibytes('--requester-mib', values['requester-mib'], DEFAULT_QUOTAS.bytesPerRequester),
      jobsPerRequester:
        values['requester-jobs'] === undefined
          ? DEFAULT_QUOTAS.jobsPerRequester
          : whole('--requester-jobs', values['requester-jobs'], 1, 1_000_000),
    },
    tls: cert !== undefined && key !== undefined ? { kind: 'files', cert, key } : { kind: values['tls-self'] === true ? 'self' : 'none' },
    behindProxy: values['behind-proxy'] === true,
    reservations: values.reservations === undefined ? null : whole('--reservations', values.reservations, 1, 1_000_000),
    ice: (values.ice ?? []).map(parseIceServer),
    help: values.help === true,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        data: { type: 'string' },
        static: { type: 'string' },
        'no-static': { type: 'boolean' },
        'no-archive': { type: 'boolean' },
        'archive-mib': { type: 'string' },
        'requester-mib': { type: 'string' },
        'requester-jobs': { type: 'string' },
        'tls-cert': { type: 'string' },
        'tls-key': { type: 'string' },
        'tls-self': { type: 'boolean' },
        'behind-proxy': { type: 'boolean' },
        reservations: { type: 'string' },
        ice: { type: 'string', multiple: true },
        help: { type: 'boolean' },
      },
    }).values
  } catch (cause) {
    const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
    throw new RelayConfigError(`${message} (--help lists the options)`, { cause })
  }
}

/** Bytes of an option in MiB. */
function mebibytes(name: string, text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : whole(name, text, 1, 2 ** 30) * 1024 ** 2
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new RelayConfigError(`${name} is '${text}': expected a whole number from ${least} to ${most}`)
  }
  return value
}
