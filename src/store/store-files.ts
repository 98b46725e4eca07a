import type { HeliaInit } from 'helia'
import type { Datastore } from 'interface-datastore'

/** Where a store keeps its data. */
export interface StoreFiles {
  blockstore: NonNullable<HeliaInit['blockstore']>
  datastore: Datastore
  /** False when it is gone with the process. */
  persistent: boolean
  /** What a person should know about it; empty when all is well. */
  detail: string
  /** When the store has stopped. */
  close(): Promise<void>
}
