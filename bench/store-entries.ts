import { hex } from '../src/domain/bytes.ts'
import { encodeCanonical } from '../src/domain/ids.ts'
import { ownerOf } from '../src/domain/record.ts'
import type { DatabaseRecord } from '../src/domain/record.ts'
import { jobRecord, result, sign } from '../src/room/store-fixtures.ts'
import type { Signer } from '../src/room/ports.ts'
import { identityHash } from '../src/store/identity.ts'

/** A log entry as its owner's own node would have written it, without predecessors. */
async function entryOf(address: string, signer: Signer, record: DatabaseRecord, time: number): Promise<Uint8Array> {
  const key = ownerOf(record)
  const body = {
    id: address,
    payload: { op: 'ADD', key: null, value: await sign(signer, record) },
    next: [],
    refs: [],
    clock: { id: key, time },
    v: 2,
  }
  return encodeCanonical({ ...body, key, identity: identityHash(key), sig: hex(await signer.sign(encodeCanonical(body))) })
}

/** Addresses of the two databases. */
export interface Addresses {
  jobs: string
  ledger: string
}

/** Entries of one finished job: its record, and its certificate of ten chunks in the database and in the ledger. */
export async function finishedJob(
  at: Addresses,
  members: readonly Signer[],
  name: string,
): Promise<{ jobs: Uint8Array[]; ledger: Uint8Array }> {
  const requester = members[0]!
  const job = jobRecord(requester, name, Date.now())
  const done = await result(members, job.job, Date.now())
  return {
    jobs: [await entryOf(at.jobs, requester, job, 1), await entryOf(at.jobs, requester, done, 2)],
    ledger: await entryOf(at.ledger, requester, done, 1),
  }
}

/** Entry of a job that nobody has worked on. */
export async function openJob(address: string, requester: Signer, name: string): Promise<Uint8Array> {
  return entryOf(address, requester, jobRecord(requester, name, Date.now(), 4), 1)
}
