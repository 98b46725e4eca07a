import { withBitswap } from '@helia/bitswap'
import * as dagCbor from '@ipld/dag-cbor'
import { createOrbitDB } from '@orbitdb/core'
import { createHeliaLight } from 'helia'
import type { HeliaInit } from 'helia'
import type { Datastore } from 'interface-datastore'
import { isProven } from '../domain/conviction-check.ts'
import { cidOfValue } from '../domain/ids.ts'
import type { PeerId } from '../domain/ids.ts'
import type { DatabaseRecord, LedgerRecord, Signed } from '../domain/record.ts'
import { convictedIn } from '../domain/voided.ts'
import type { BlockStore, JobStore, Ledger, Signer } from '../room/ports.ts'
import { mendBitswap } from './bitswap-mend.ts'
import { HeliaBlocks } from './block-store.ts'
import { peerIdentities } from './identity.ts'
import type { AnyRecord } from './log-entry.ts'
import { LogStorage } from './log-storage.ts'
import { JobSet, LedgerSet, TAB_LIMITS } from './record-set.ts'
import type { RecordSet, SetLimits } from './record-set.ts'
import { Replica } from './replica.ts'
import { Replicator } from './replicator.ts'
import type { GossipLibp2p, ReplicatorStats } from './replicator.ts'

export interface StoreInit {
  /** A started node with gossipsub as `pubsub` and identify. It is not stopped with the store. */
  libp2p: GossipLibp2p
  /** Open. Not closed with the store. */
  blockstore: NonNullable<HeliaInit['blockstore']>
  /** Open. Not closed with the store. */
  datastore: Datastore
  signer: Signer
  /** Keeps finished jobs and old ledger entries on disk, and serves them. @default false */
  archive?: boolean
  /** @default TAB_LIMITS */
  limits?: SetLimits
  /** Called when a peer breaks the exchange's protocol. */
  onOffence?: (peer: PeerId) => void
  /** ms since the epoch. @default Date.now */
  now?: () => number
}

export interface DatabaseStats extends ReplicatorStats {
  /** Records in memory. */
  records: number
  /** Finished jobs that are not in memory. */
  compacted: number
  /** Entries of the local copy that were found damaged and left out. */
  damaged: number
}

export interface Store {
  jobs: JobStore
  ledger: Ledger
  blocks: BlockStore
  stats(): { jobs: DatabaseStats; ledger: DatabaseStats }
  /** Asks one connected peer for all that is missing here. Resolves also when it has nothing or is gone. */
  exchangeWith(peer: PeerId): Promise<void>
  stop(): Promise<void>
}

const JOBS = 'jobs-1'
const LEDGER = 'ledger-1'
/** Certificates whose check is remembered: each comes with the database and again with the ledger. */
const MAX_PROVEN = 1_000

const isJobRecord = (record: AnyRecord): record is DatabaseRecord => record.kind === 'result' || !isLedgerRecord(record)
const isLedgerRecord = (record: AnyRecord): record is LedgerRecord => LEDGER_KINDS.has(record.kind)
const LEDGER_KINDS = new Set<AnyRecord['kind']>(['result', 'refusal', 'conviction', 'request'])

/** Opens the job database, the ledger and the block store on a running libp2p node. Rejects with StorageError. */
export async function openStore(init: StoreInit): Promise<Store> {
  const { libp2p, datastore, signer, archive = false, limits = TAB_LIMITS, onOffence, now = Date.now } = init
  const helia = createHeliaLight({ blockstore: init.blockstore, datastore, codecs: [dagCbor] })
  // OrbitDB and bitswap look for the node here.
  Object.assign(helia, { libp2p })
  withBitswap(helia as unknown as Parameters<typeof withBitswap>[0])
  await helia.start()
  mendBitswap(helia)
  const orbitdb = await createOrbitDB({ ipfs: helia, id: signer.self, directory: '', ...peerIdentities(signer) })
  const remembered = rememberProofs(signer)

  async function open<R extends AnyRecord>(
    name: string,
    set: RecordSet,
    accepts: (record: AnyRecord) => record is R,
    groupsEnd: boolean,
  ): Promise<{ replica: Replica<R>; replicator: Replicator<R>; put(signed: Signed<R>): Promise<void>; stats(): DatabaseStats }> {
    const storage = new LogStorage(datastore, name)
    const replica = await Replica.open<R>({ name, orbitdb, storage, signer, set, accepts, isProven: remembered, groupsEnd, archive, now })
    const replicator = new Replicator({ libp2p, replica, archive, now, onOffence })
    await replicator.start()
    return {
      replica,
      replicator,
      put: async (signed) => {
        const read = await replica.put(signed)
        if (read !== null) replicator.publish(read)
      },
      stats: () => ({ ...replicator.stats, records: set.size, compacted: replica.coldGroups, damaged: replica.damaged }),
    }
  }

  const set = new JobSet(limits, signer.self)
  const jobs = await open(JOBS, set, isJobRecord, true)
  const ledger = await open(LEDGER, new LedgerSet(limits), isLedgerRecord, false)
  set.convict(convictedIn(ledger.replica.records()))
  ledger.replica.onRecords((records) => {
    if (records.some(({ kind }) => kind === 'conviction')) set.convict(convictedIn(ledger.replica.records()))
  })
  const blocks = new HeliaBlocks(helia)
  const databases = [jobs, ledger]
  let stopping: Promise<void> | null = null
  const stop = async (): Promise<void> => {
    for (const { replicator, replica } of databases) {
      await replicator.stop()
      await replica.stop()
    }
    await orbitdb.stop()
    await helia.stop()
  }
  const stopOnce = (): Promise<void> => (stopping ??= stop())

  return {
    jobs: {
      put: (record) => jobs.put(record),
      records: () => jobs.replica.records(),
      onRecords: (handler) => jobs.replica.onRecords(handler),
      stop: stopOnce,
    },
    ledger: {
      append: (record) => ledger.put(record),
      entries: () => ledger.replica.records(),
      onEntries: (handler) => ledger.replica.onRecords(handler),
      stop: stopOnce,
    },
    blocks,
    stats: () => ({ jobs: jobs.stats(), ledger: ledger.stats() }),
    exchangeWith: async (peer) => {
      for (const { replicator } of databases) await replicator.exchangeWith(peer)
    },
    stop: stopOnce,
  }
}

/** Checks what results and convictions prove, each once. */
function rememberProofs(signer: Signer): (record: AnyRecord) => Promise<boolean> {
  const proven = new Set<string>()
  return async (record) => {
    if (record.kind !== 'result' && record.kind !== 'conviction') return true
    const name = record.kind === 'result' ? cidOfValue(record.certificate) : `${cidOfValue(record.proof)} ${record.culprit}`
    if (proven.has(name)) return true
    if (!(await isProven(record, (peer, bytes, signature) => signer.verify(peer, bytes, signature)))) return false
    if (proven.size >= MAX_PROVEN) proven.delete(proven.values().next().value!)
    proven.add(name)
    return true
  }
}
