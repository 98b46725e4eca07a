/** The part of @orbitdb/core 4.0.0 that is used here; the package has no types of its own. */
declare module '@orbitdb/core' {
  export interface Storage {
    put(hash: string, data: unknown, signal?: AbortSignal): Promise<void>
    get(hash: string, signal?: AbortSignal): Promise<unknown>
    del(hash: string): Promise<void>
    iterator(options?: { amount?: number; reverse?: boolean }): AsyncIterable<[string, unknown]>
    merge(other: Storage): Promise<void>
    clear(): Promise<void>
    close(): Promise<void>
  }
  /** An entry of a log in full. */
  export interface LogEntry {
    /** Address of the database. */
    id: string
    payload: unknown
    next: string[]
    refs: string[]
    clock: { id: string; time: number }
    v: number
    key: string
    identity: string
    sig: string
    /** base58btc CID of the entry; absent before it is stored. */
    hash?: string
  }
  export interface LogIdentity {
    id: string
    publicKey: string
    hash: string
    bytes: Uint8Array
    type: string
    signatures: { id: string; publicKey: string }
    sign(identity: LogIdentity, data: Uint8Array): Promise<string>
    verify(signature: string, publicKey: string, data: Uint8Array): Promise<boolean>
  }
  export interface LogIdentities {
    getIdentity(hash: string): Promise<LogIdentity | undefined>
    verifyIdentity(identity: LogIdentity): Promise<boolean>
    verify(signature: string, publicKey: string, data: Uint8Array): Promise<boolean>
  }

  export interface Database {
    address: string
    close(): Promise<void>
    log: { append(payload: unknown, options: { referencesCount: number }): Promise<LogEntry & { hash: string }> }
  }
  export interface OrbitDB {
    open(name: string, options: object): Promise<Database>
    stop(): Promise<void>
  }
  export function createOrbitDB(options: {
    ipfs: unknown
    id?: string
    directory?: string
    identity?: LogIdentity
    identities?: LogIdentities
  }): Promise<OrbitDB>
  export const Entry: { verify(identities: Pick<LogIdentity, 'verify'>, entry: LogEntry): Promise<boolean> }
}
