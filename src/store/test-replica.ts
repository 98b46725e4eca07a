import * as dagCbor from '@ipld/dag-cbor'
import { createOrbitDB } from '@orbitdb/core'
import { MemoryDatastore } from 'datastore-core'
import { createHeliaLight } from 'helia'
import type { Datastore } from 'interface-datastore'
import { holds } from '../domain/certificate-check.ts'
import type { DatabaseRecord, LedgerRecord } from '../domain/record.ts'
import type { Signer } from '../room/ports.ts'
import { peerIdentities } from './identity.ts'
import { LogStorage } from './log-storage.ts'
import { JobSet, LedgerSet, TAB_LIMITS } from './record-set.ts'
import type { SetLimits } from './record-set.ts'
import { Replica } from './replica.ts'

export interface ReplicaOptions {
  datastore?: Datastore
  limits?: SetLimits
  archive?: boolean
  now?: () => number
}

/** A replica of the job database on OrbitDB, without a network. */
export async function openReplica(signer: Signer, options: ReplicaOptions = {}): Promise<Replica<DatabaseRecord>> {
  return Replica.open<DatabaseRecord>({
    ...(await parts(signer, 'jobs-1', options)),
    set: new JobSet(options.limits ?? TAB_LIMITS, signer.self),
    accepts: (record): record is DatabaseRecord => record.kind !== 'refusal',
    groupsEnd: true,
  })
}

/** A replica of the ledger on OrbitDB, without a network. */
export async function openLedgerReplica(signer: Signer, options: ReplicaOptions = {}): Promise<Replica<LedgerRecord>> {
  return Replica.open<LedgerRecord>({
    ...(await parts(signer, 'ledger-1', options)),
    set: new LedgerSet(options.limits ?? TAB_LIMITS),
    accepts: (record): record is LedgerRecord => record.kind === 'result' || record.kind === 'refusal',
    groupsEnd: false,
  })
}

async function parts(signer: Signer, name: string, options: ReplicaOptions) {
  const datastore = options.datastore ?? new MemoryDatastore()
  const helia = Object.assign(createHeliaLight({ datastore, codecs: [dagCbor] }), {
    libp2p: { peerId: signer.self, services: { pubsub: {} } },
  })
  const orbitdb = await createOrbitDB({ ipfs: helia, id: signer.self, directory: '', ...peerIdentities(signer) })
  return {
    name,
    orbitdb,
    storage: new LogStorage(datastore, name),
    signer,
    isProven: async (record: DatabaseRecord | LedgerRecord): Promise<boolean> =>
      record.kind !== 'result' || holds(record.certificate, (peer, bytes, signature) => signer.verify(peer, bytes, signature)),
    archive: options.archive ?? false,
    now: options.now ?? Date.now,
  }
}
