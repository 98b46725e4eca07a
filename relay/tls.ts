import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import { generate } from 'selfsigned'
import { RelayConfigError } from './errors.ts'

export interface TlsFiles {
  cert: string
  key: string
}

const DAY_MS = 86_400_000
/** Phones refuse certificates that are valid for more than 825 days. */
const VALID_DAYS = 365
const RENEW_DAYS = 30

/** Reads a certificate and its key. @throws RelayConfigError naming the file that cannot be read */
export async function readTls(certFile: string, keyFile: string): Promise<TlsFiles> {
  const [cert, key] = await Promise.all(
    [certFile, keyFile].map((file) =>
      readFile(file, 'utf8').catch((cause: Error) => {
        throw new RelayConfigError(`cannot read ${file}: ${cause.message}`, { cause })
      }),
    ),
  )
  return { cert: cert ?? '', key: key ?? '' }
}

/**
 * A certificate of the relay's own making for these names and addresses, kept in `directory` and made again when it is
 * about to expire or lacks a name. Browsers warn of it once.
 */
export async function selfSignedTls(directory: string, names: readonly string[]): Promise<TlsFiles> {
  const certFile = join(directory, 'tls.cert.pem')
  const keyFile = join(directory, 'tls.key.pem')
  const kept = await readTls(certFile, keyFile).catch(() => null)
  if (kept !== null && covers(kept.cert, names)) return kept

  const pems = await generate([{ name: 'commonName', value: names[0] ?? 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + VALID_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
      },
    ],
  })
  await mkdir(directory, { recursive: true })
  await writeFile(certFile, pems.cert)
  await writeFile(keyFile, pems.private, { mode: 0o600 })
  return { cert: pems.cert, key: pems.private }
}

function covers(cert: string, names: readonly string[]): boolean {
  try {
    const parsed = new X509Certificate(cert)
    const lasts = Date.parse(parsed.validTo) - Date.now() > RENEW_DAYS * DAY_MS
    return lasts && names.every((name) => (isIP(name) === 0 ? parsed.checkHost(name) : parsed.checkIP(name)) !== undefined)
  } catch {
    return false
  }
}
