import type { HeliaInit } from 'helia'
import type { Datastore } from 'interface-datastore'

/** Where a store keeps its data. */
export interface StoreFiles {
  blockstore: NonNullable<HeliaInit['blockstore']>
  datastore: Datastore
  /** False when it is gone with the process. */
  persistent: boolean
  /** There was no room for the last block: it is in memory alone. Changes while the store is open. */
  readonly full: boolean
  /** What a person should know about it; empty when all is well. Changes while the store is open. */
  readonly detail: string
  /** When the store has stopped. */
  close(): Promise<void>
}
