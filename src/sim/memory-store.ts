import { isProven } from '../domain/conviction-check.ts'
import { cidOfBytes, cidOfValue, decodeCanonical, encodeCanonical } from '../domain/ids.ts'
import type { Cid } from '../domain/ids.ts'
import { checkSigned, recordBytes } from '../domain/record-check.ts'
import { keyOf, ownerOf, supersedes } from '../domain/record.ts'
import type { DatabaseRecord, LedgerRecord, Signed } from '../domain/record.ts'
import type { BlockStore, JobStore, Ledger, Signer, Unsubscribe } from '../room/ports.ts'

type AnyRecord = DatabaseRecord | LedgerRecord

const LEDGER_KINDS = new Set<AnyRecord['kind']>(['result', 'refusal', 'conviction', 'request'])
const isLedgerRecord = (record: AnyRecord): record is LedgerRecord => LEDGER_KINDS.has(record.kind)
const isJobRecord = (record: AnyRecord): record is DatabaseRecord => record.kind === 'result' || !isLedgerRecord(record)

const MAX_BLOCK_BYTES = 1024 * 1024

/** A record or block that the store does not take, and why. */
export class MemoryStoreError extends Error {
  override readonly name = 'MemoryStoreError'
}

/** Stores of several nodes in one process: what one keeps, the others have a microtask later. */
export class MemoryStoreNetwork {
  readonly #nodes = new Set<MemoryStore>()

  join(signer: Signer): MemoryStore {
    const node = new MemoryStore(signer, this)
    this.heal(node)
    return node
  }

  /** Takes a node off the network; it keeps what it has and goes on alone. */
  cut(node: MemoryStore): void {
    this.#nodes.delete(node)
  }

  /** Both sides give each other what they lack. */
  heal(node: MemoryStore): void {
    for (const other of this.#nodes) {
      if (other === node) continue
      node.takeFrom(other)
      other.takeFrom(node)
    }
    this.#nodes.add(node)
  }

  /** The nodes that a node reaches. */
  others(node: MemoryStore): MemoryStore[] {
    return this.#nodes.has(node) ? [...this.#nodes].filter((other) => other !== node) : []
  }
}

/** Job database, ledger and blocks of one node, in memory: the twin of the OrbitDB store. */
export class MemoryStore {
  readonly signer: Signer
  readonly jobs: JobStore
  readonly ledger: Ledger
  readonly blocks: BlockStore
  readonly #jobs: Records<DatabaseRecord>
  readonly #ledger: Records<LedgerRecord>
  readonly #blocks = new Map<Cid, Uint8Array>()
  readonly #network: MemoryStoreNetwork

  constructor(signer: Signer, network: MemoryStoreNetwork) {
    this.signer = signer
    this.#network = network
    this.#jobs = new Records(signer, isJobRecord)
    this.#ledger = new Records(signer, isLedgerRecord)
    const stop = async (): Promise<void> => network.cut(this)
    this.jobs = {
      put: async (signed) => {
        if (await this.#jobs.put(signed)) for (const other of network.others(this)) queueMicrotask(() => other.#jobs.keep(signed))
      },
      records: () => this.#jobs.all(),
      onRecords: (handler) => this.#jobs.subscribe(handler),
      stop,
    }
    this.ledger = {
      append: async (signed) => {
        if (await this.#ledger.put(signed)) for (const other of network.others(this)) queueMicrotask(() => other.#ledger.keep(signed))
      },
      entries: () => this.#ledger.all(),
      onEntries: (handler) => this.#ledger.subscribe(handler),
      stop,
    }
    this.blocks = {
      put: async (bytes) => this.#keepBlock(cidOfBytes(bytes), bytes),
      putValue: async (value) => this.#keepBlock(cidOfValue(value), encodeCanonical(value)),
      get: (cid, signal) => this.#fetch(cid, signal),
      getValue: async (cid, signal) => decodeCanonical(await this.#fetch(cid, signal)),
      has: async (cid) => this.#blocks.has(cid),
      delete: async (cid) => void this.#blocks.delete(cid),
      stop,
    }
  }

  /** Keeps everything that another node has and that counts here. */
  takeFrom(other: MemoryStore): void {
    for (const signed of other.#jobs.signed()) this.#jobs.keep(signed)
    for (const signed of other.#ledger.signed()) this.#ledger.keep(signed)
  }

  #keepBlock(cid: Cid, bytes: Uint8Array): Cid {
    if (bytes.length > MAX_BLOCK_BYTES)
      throw new MemoryStoreError(`a block of ${bytes.length} bytes is too large: at most ${MAX_BLOCK_BYTES}`)
    this.#blocks.set(cid, bytes.slice())
    return cid
  }

  async #fetch(cid: Cid, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted()
    const bytes =
      this.#blocks.get(cid) ??
      this.#network
        .others(this)
        .map((other) => other.#blocks.get(cid))
        .find((found) => found !== undefined)
    if (bytes !== undefined) {
      this.#blocks.set(cid, bytes)
      return bytes.slice()
    }
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }))
  }
}

/** Records by key, the better of two with one key. */
class Records<R extends AnyRecord> {
  readonly #byKey = new Map<string, Signed<R>>()
  readonly #handlers = new Set<(records: readonly R[]) => void>()
  readonly #signer: Signer
  readonly #accepts: (record: AnyRecord) => record is R

  constructor(signer: Signer, accepts: (record: AnyRecord) => record is R) {
    this.#signer = signer
    this.#accepts = accepts
  }

  all(): readonly R[] {
    return Array.from(this.#byKey.values(), ({ record }) => record)
  }

  signed(): Signed<R>[] {
    return [...this.#byKey.values()]
  }

  subscribe(handler: (records: readonly R[]) => void): Unsubscribe {
    this.#handlers.add(handler)
    return () => void this.#handlers.delete(handler)
  }

  /** Checks a record of this node's own. True when it is new here. */
  async put(signed: Signed<R>): Promise<boolean> {
    const checked = checkSigned(signed)
    if (!checked.ok) throw new MemoryStoreError(`the record's ${checked.fault.field} ${checked.fault.reason}`)
    const record: AnyRecord = signed.record
    const accepts: (record: AnyRecord) => boolean = this.#accepts
    const owner = ownerOf(record)
    if (owner !== this.#signer.self) throw new MemoryStoreError(`a ${record.kind} record of ${owner} can be written by that peer alone`)
    if (!accepts(record)) throw new MemoryStoreError(`a ${record.kind} record does not belong here`)
    if (!(await this.#signer.verify(owner, recordBytes(record), signed.signature)))
      throw new MemoryStoreError('the record is not signed by its owner')
    if (
      (record.kind === 'result' || record.kind === 'conviction') &&
      !(await isProven(record, (peer, bytes, signature) => this.#signer.verify(peer, bytes, signature)))
    ) {
      throw new MemoryStoreError(`the ${record.kind === 'result' ? 'certificate' : 'proof'} of the ${record.kind} does not hold`)
    }
    return this.keep(signed)
  }

  /** True when the record is new here and no better one is known. */
  keep(signed: Signed<R>): boolean {
    const key = keyOf(signed.record)
    const known = this.#byKey.get(key)
    if (known !== undefined && !supersedes<AnyRecord>(signed.record, known.record)) return false
    const copy = structuredClone(signed)
    this.#byKey.set(key, copy)
    for (const handler of this.#handlers) handler([copy.record])
    return true
  }
}
