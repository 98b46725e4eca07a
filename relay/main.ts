import { resolve } from 'node:path'
import { renderUnicodeCompact } from 'uqr'
import type { ArchiveQuotas } from './archive-quota.ts'
import { RelayConfigError } from './errors.ts'
import { parseRelayOptions, USAGE } from './options.ts'
import { createRelay, networkAddresses } from './relay.ts'
import { readTls, selfSignedTls } from './tls.ts'
import type { RelayOptions } from './options.ts'
import type { Relay } from './relay.ts'
import type { TlsFiles } from './tls.ts'
import type { RelayGauge, RelayService } from './types.ts'

/** The archive, loaded only where it is wanted: it brings the whole database with it. */
function archive(quotas: ArchiveQuotas): RelayService {
  return async (parts) => {
    const { createArchive } = await import('./archive.ts')
    const running = await createArchive({ ...parts, quotas })
    const gauge = (name: string, help: string, read: () => number): RelayGauge => ({ name: `roomful_archive_${name}`, help, read })
    return {
      stop: () => running.stop(),
      gauges: [
        gauge('jobs', 'Jobs in the archive', () => running.stats().jobs),
        gauge('blocks', 'Blocks kept by the archive', () => running.stats().blocks),
        gauge('bytes', 'Bytes of those blocks', () => running.stats().bytes),
        gauge('bytes_limit', 'Bytes that the archive keeps at most', () => quotas.bytes),
        gauge('missing', 'Blocks that nobody has handed over yet', () => running.stats().missing),
        gauge('dropped', 'Jobs that had to go for a limit or were taken back', () => running.stats().dropped),
      ],
      describe: () => ({ archive: running.stats() }),
    }
  }
}

async function certificate(options: RelayOptions): Promise<TlsFiles | null> {
  switch (options.tls.kind) {
    case 'none':
      return null
    case 'self':
      return selfSignedTls(options.dataDir, ['localhost', '127.0.0.1', ...networkAddresses()])
    case 'files':
      return readTls(options.tls.cert, options.tls.key)
  }
}

function announce(relay: Relay, secure: boolean): void {
  const [shared = relay.url] = relay.networkUrls
  const lines = [
    '',
    `  Roomful is at  ${relay.url}`,
    ...relay.networkUrls.map((url) => `  from others    ${url}`),
    '',
    renderUnicodeCompact(shared, { border: 2 }),
    '',
    `  relay          ${relay.multiaddr}`,
  ]
  if (!secure && relay.networkUrls.length > 0) {
    lines.push('', '  Other devices need HTTPS for WebGPU and direct links: start with --tls-self or a certificate.')
  }
  console.log(`${lines.join('\n')}\n`)
}

async function main(): Promise<void> {
  const options = parseRelayOptions(process.argv.slice(2))
  if (options.help) return console.log(USAGE)
  const tls = await certificate(options)
  const relay = await createRelay({
    port: options.port,
    host: options.host,
    dataDir: resolve(options.dataDir),
    staticDir: options.staticDir === null ? null : resolve(options.staticDir),
    tls,
    behindProxy: options.behindProxy,
    iceServers: options.ice,
    ...(options.reservations === null ? {} : { limits: { reservations: options.reservations } }),
    services: options.archive ? [archive(options.quotas)] : [],
  })
  announce(relay, tls !== null)
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second signal means it.
      if (stopping) process.exit(1)
      stopping = true
      void relay.stop().then(() => process.exit(0))
    })
  }
}

try {
  await main()
} catch (error) {
  if (!(error instanceof RelayConfigError)) throw error
  console.error(`relay: ${error.message}`)
  process.exitCode = 2
}
