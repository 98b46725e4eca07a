import type { Store } from '../store/index.ts'
import type { StoreFiles } from '../store/store-files.ts'
import type { Identity } from './identity.ts'

/** What a person should know about what this browser keeps; empty when all is well. */
export function storageDetail({ identity, storage, store }: { identity: Identity; storage: StoreFiles; store: Store }): string {
  const { jobs, ledger } = store.stats()
  const damaged = jobs.damaged + ledger.damaged
  const lost = damaged === 0 ? '' : `Records of the local copy that were damaged and are fetched again: ${damaged}.`
  return [identity.detail, storage.detail, lost].filter((part) => part !== '').join(' ')
}
