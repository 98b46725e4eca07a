import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import { describe, expect, it } from 'vitest'
import { hex } from '../domain/bytes.ts'
import { encodeCanonical } from '../domain/ids.ts'
import { recordBytes } from '../domain/record-check.ts'
import type { DatabaseRecord } from '../domain/record.ts'
import type { Signer } from '../room/ports.ts'
import { lottery, mutateBytes } from '../room/mutation.ts'
import { claim, jobRecord, partial, result, sign, tombstone } from '../room/store-fixtures.ts'
import { identityHash } from './identity.ts'
import { TAB_LIMITS } from './record-set.ts'
import type { Replica } from './replica.ts'
import { newSigner } from './test-node.ts'
import { openReplica } from './test-replica.ts'

/** A datastore that can be full, and whose values can be damaged. */
class FickleDatastore extends MemoryDatastore {
  full = false

  override batch() {
    const batch = super.batch()
    return {
      ...batch,
      commit: async () => {
        if (this.full) throw new Error('QuotaExceededError')
        await batch.commit()
      },
    }
  }
}

async function write(replica: Replica<DatabaseRecord>, signer: Signer, ...records: DatabaseRecord[]): Promise<Uint8Array[]> {
  const entries: Uint8Array[] = []
  for (const record of records) entries.push((await replica.put(await sign(signer, record)))!.bytes)
  return entries
}

/** An entry as OrbitDB would make it, with `key` and `record` as the attacker likes, signed by the attacker. */
async function forge(address: string, attacker: Signer, key: string, value: unknown, time = 1): Promise<Uint8Array> {
  const body = { id: address, payload: { op: 'ADD', key: null, value }, next: [], refs: [], clock: { id: key, time }, v: 2 }
  return encodeCanonical({ ...body, key, identity: identityHash(key), sig: hex(await attacker.sign(encodeCanonical(body))) })
}

describe('a replica', () => {
  it('refuses an entry that names a key which did not sign it', async () => {
    const [ann, mallory] = [await newSigner(), await newSigner()]
    const replica = await openReplica(ann)
    const stolen = await sign(mallory, { ...jobRecord(mallory, 'x'), requester: ann.self })
    expect((await replica.accept([await forge(replica.address, mallory, ann.self, stolen)])).refused).toHaveLength(1)
    expect(replica.records()).toEqual([])
  })

  it('refuses a genuine record that another peer passes off in an entry of its own', async () => {
    const [ann, mallory] = [await newSigner(), await newSigner()]
    const replica = await openReplica(ann)
    const genuine = await sign(ann, jobRecord(ann, 'x'))
    const { refused } = await replica.accept([await forge(replica.address, mallory, mallory.self, genuine)])
    expect(refused[0]).toContain(`a record of ${ann.self} in an entry of ${mallory.self}`)
  })

  it('refuses an entry of another database', async () => {
    const ann = await newSigner()
    const replica = await openReplica(ann)
    const { refused } = await replica.accept([await forge('/orbitdb/elsewhere', ann, ann.self, await sign(ann, jobRecord(ann, 'x')))])
    expect(refused).toEqual(['an entry of another database'])
  })

  it('refuses a record from the future', async () => {
    const [ann, ben] = [await newSigner(), await newSigner()]
    const replica = await openReplica(ann, { now: () => 1_000 })
    const entry = await forge(replica.address, ben, ben.self, await sign(ben, jobRecord(ben, 'x', 1_000_000_000)))
    expect((await replica.accept([entry])).refused).toEqual(['a record from the future'])
  })

  it('goes on writing after an entry whose logical time leaves no room above it', async () => {
    const [ann, mallory] = [await newSigner(), await newSigner()]
    const replica = await openReplica(ann)
    const entry = await forge(replica.address, mallory, mallory.self, await sign(mallory, jobRecord(mallory, 'x')), 2 ** 52)
    expect((await replica.accept([entry])).fresh).toHaveLength(1)
    await write(replica, ann, jobRecord(ann, 'mine'))
    expect(replica.records()).toHaveLength(2)
  })

  it('goes on writing after more heads than an entry can name', async () => {
    const ann = await newSigner()
    const replica = await openReplica(ann)
    for (let i = 0; i < 100; i++) {
      const stranger = await newSigner()
      await replica.accept([
        await forge(replica.address, stranger, stranger.self, await sign(stranger, jobRecord(stranger, `job ${i}`)), i + 1),
      ])
    }
    await write(replica, ann, jobRecord(ann, 'mine'))
    expect(replica.records()).toHaveLength(101)
  })

  it('accepts none of 10,000 mutated entries, and the originals afterwards', { timeout: 60_000 }, async () => {
    const [ann, ben] = [await newSigner(), await newSigner()]
    const source = await openReplica(ann)
    const job = jobRecord(ann, 'target', 1_000, 3)
    const originals = await write(
      source,
      ann,
      job,
      claim(ann, job.job, 1_500, 2_500),
      partial(ann, job.job, 1_700, [0, 1]),
      await result([ann, ben], job.job, 1_800),
      tombstone(ann, jobRecord(ann, 'other').job),
    )
    const replica = await openReplica(ben)
    const draw = lottery(1)
    const mutated = Array.from({ length: 10_000 }, (_, i) => mutateBytes(originals[i % originals.length]!, draw))
    let refused = 0
    for (let i = 0; i < mutated.length; i += 500) refused += (await replica.accept(mutated.slice(i, i + 500))).refused.length
    expect(replica.records()).toEqual([])
    expect(refused).toBe(10_000)
    expect((await replica.accept(originals)).fresh).toHaveLength(originals.length)
  })

  it('has everything again that it acknowledged, after a restart', async () => {
    const ann = await newSigner()
    const datastore = new MemoryDatastore()
    const first = await openReplica(ann, { datastore })
    const job = jobRecord(ann, 'kept', 1_000, 2)
    await write(first, ann, job, partial(ann, job.job, 2_000, [4, 5]))
    const again = await openReplica(ann, { datastore })
    expect(
      again
        .records()
        .map((record) => hex(recordBytes(record)))
        .sort(),
    ).toEqual(
      first
        .records()
        .map((record) => hex(recordBytes(record)))
        .sort(),
    )
    await write(again, ann, jobRecord(ann, 'next'))
    expect(again.records()).toHaveLength(3)
  })

  it('leaves out what the disk has damaged, keeps the rest and takes the damaged record again', async () => {
    const ann = await newSigner()
    const datastore = new MemoryDatastore()
    const first = await openReplica(ann, { datastore })
    const entries = await write(first, ann, jobRecord(ann, 'one'), jobRecord(ann, 'two'), jobRecord(ann, 'three'))
    const keys: Key[] = []
    for await (const { key } of datastore.query({ prefix: '/roomful/jobs-1/e/' })) keys.push(key)
    const bytes = (datastore.get(keys[1]!) as Uint8Array).slice()
    bytes[bytes.length >> 1]! ^= 1
    await datastore.put(keys[1]!, bytes)
    const again = await openReplica(ann, { datastore })
    expect([again.damaged, again.records().length]).toEqual([1, 2])
    await again.accept(entries)
    expect(again.records()).toHaveLength(3)
  })

  it('starts with damaged heads, too', async () => {
    const ann = await newSigner()
    const datastore = new MemoryDatastore()
    await write(await openReplica(ann, { datastore }), ann, jobRecord(ann, 'one'))
    await datastore.put(new Key('/roomful/jobs-1/h/heads'), new Uint8Array([0x7b, 0x00, 0xff]))
    const again = await openReplica(ann, { datastore })
    await write(again, ann, jobRecord(ann, 'two'))
    expect(again.records()).toHaveLength(2)
  })

  it('does not acknowledge a record that the storage did not take, says so, and keeps it when there is room again', async () => {
    const ann = await newSigner()
    const datastore = new FickleDatastore()
    const replica = await openReplica(ann, { datastore })
    datastore.full = true
    const signed = await sign(ann, jobRecord(ann, 'too much'))
    await expect(replica.put(signed)).rejects.toMatchObject({ name: 'StorageError', message: expect.stringContaining('full') })
    datastore.full = false
    await replica.put(await sign(ann, jobRecord(ann, 'fits')))
    expect((await openReplica(ann, { datastore })).records()).toHaveLength(2)
  })

  it('takes finished jobs out of memory beyond its limit, but never open ones or its own', async () => {
    const [ann, ben] = [await newSigner(), await newSigner()]
    const source = await openReplica(ann)
    const entries: Uint8Array[] = []
    for (let i = 0; i < 12; i++) {
      const job = jobRecord(ann, `job ${i}`)
      entries.push(...(await write(source, ann, job, ...(i === 3 ? [] : [await result([ann, ben], job.job, 2_000)]))))
    }
    expect(source.records()).toHaveLength(23)
    const limits = { ...TAB_LIMITS, finishedJobs: 5 }
    const datastore = new MemoryDatastore()
    const replica = await openReplica(ben, { datastore, limits })
    await replica.accept(entries)
    expect(replica.records().filter(({ kind }) => kind === 'job')).toHaveLength(6)
    expect((await openReplica(ben, { datastore, limits })).records()).toHaveLength(replica.records().length)
    await replica.accept(entries)
    expect(replica.records().filter(({ kind }) => kind === 'job')).toHaveLength(6)
  })

  it('finds finished jobs again in the archive for those who believe them open, and for their requester', async () => {
    const [ann, ben, relay] = [await newSigner(), await newSigner(), await newSigner()]
    const source = await openReplica(ann)
    const job = jobRecord(ann, 'long ago')
    const entries = await write(source, ann, job, await result([ann, ben], job.job, 2_000))
    const archive = await openReplica(relay, { archive: true, limits: { ...TAB_LIMITS, finishedJobs: 0 } })
    const { fresh } = await archive.accept(entries)
    expect(archive.records()).toEqual([])
    const digest = hex(fresh[0]!.digest)
    expect(await archive.answersTo(new Set([digest]), new Set([digest]), ben.self)).toEqual([entries[1]])
    expect(await archive.answersTo(new Set(), new Set(), ben.self)).toEqual([])
    expect(await archive.answersTo(new Set(), new Set(), ann.self)).toHaveLength(2)
  })

  it('lets a requester that submits without end push out its own oldest jobs alone', async () => {
    const [ann, spammer, ben] = [await newSigner(), await newSigner(), await newSigner()]
    const limits = { ...TAB_LIMITS, jobsPerRequester: 3 }
    const [honest, flood] = [await openReplica(ann), await openReplica(spammer)]
    const kept = await write(honest, ann, jobRecord(ann, 'mine', 1))
    const spam = await write(flood, spammer, ...Array.from({ length: 10 }, (_, i) => jobRecord(spammer, `spam ${i}`, 10 + i)))
    const replica = await openReplica(ben, { limits })
    await replica.accept([...kept, ...spam])
    expect(
      replica
        .records()
        .map((record) => (record.kind === 'job' ? record.title : ''))
        .sort(),
    ).toEqual(['mine', 'spam 7', 'spam 8', 'spam 9'])
  })

  it('opens on a full disk, and is whole again after the next start', async () => {
    const ann = await newSigner()
    const datastore = new FickleDatastore()
    await write(await openReplica(ann, { datastore }), ann, jobRecord(ann, 'one'))
    datastore.full = true
    const replica = await openReplica(ann, { datastore })
    expect(replica.records()).toHaveLength(1)
    await expect(replica.put(await sign(ann, jobRecord(ann, 'two')))).rejects.toThrow('full')
    await replica.stop()
    datastore.full = false
    expect((await openReplica(ann, { datastore })).records()).toHaveLength(1)
  })

  it('answers from a full archive, with what the disk could not take as well', async () => {
    const [ann, ben, relay] = [await newSigner(), await newSigner(), await newSigner()]
    const source = await openReplica(ann)
    const datastore = new FickleDatastore()
    const archive = await openReplica(relay, { datastore, archive: true, limits: { ...TAB_LIMITS, finishedJobs: 0 } })
    for (const name of ['kept', 'not kept']) {
      const job = jobRecord(ann, name)
      await archive.accept(await write(source, ann, job, await result([ann, ben], job.job, 2_000)))
      datastore.full = true
    }
    expect(await archive.answersTo(new Set(), new Set(), ann.self)).toHaveLength(4)
  })
})
