import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKey, keyFromBytes } from '../src/net/keys.ts'
import { RelayConfigError } from './errors.ts'
import type { PrivateKey } from '@libp2p/interface'

/**
 * The relay's key, kept in `directory/peer.key` so that its multiaddr stays the same when it restarts.
 * @throws RelayConfigError when the file is there but is no key, or the directory cannot be written
 */
export async function loadKey(directory: string): Promise<PrivateKey> {
  const file = join(directory, 'peer.key')
  const kept = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new RelayConfigError(`cannot read ${file}: ${error.message}`, { cause: error })
  })
  if (kept !== null) {
    try {
      return keyFromBytes(kept)
    } catch (cause) {
      throw new RelayConfigError(`${file} holds no key: move it away and a new one is made`, { cause })
    }
  }
  const key = await generateKey()
  try {
    await mkdir(directory, { recursive: true })
    await writeFile(file, key, { mode: 0o600 })
  } catch (cause) {
    throw new RelayConfigError(`cannot write ${file}: ${String(cause)}`, { cause })
  }
  return keyFromBytes(key)
}
