import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { winningClaim } from '../domain/open-work.ts'
import { jobCid } from '../domain/job.ts'
import type { DatabaseRecord } from '../domain/record.ts'
import type { BlockStore, JobStore, Ledger, Signer } from './ports.ts'
import { claim, conviction, jobRecord, partial, refusal, result, sign, tombstone } from './store-fixtures.ts'

/** One node's stores. */
export interface StoreNode {
  signer: Signer
  jobs: JobStore
  ledger: Ledger
  blocks: BlockStore
}

/** Nodes whose stores replicate, for a contract test. */
export interface StoreNetwork {
  /** Puts another node on the network, connected to those that are there. */
  join(): Promise<StoreNode>
  /** Takes a node off the network; it goes on alone. */
  cut(node: StoreNode): Promise<void>
  heal(node: StoreNode): Promise<void>
  stop(): Promise<void>
}

const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 20_000, interval: 10 })
const kinds = (records: readonly DatabaseRecord[]): string[] => records.map(({ kind }) => kind).sort()
const never = (): AbortSignal => new AbortController().signal

/** The behaviour of the job database, the ledger and the block store that every implementation has. */
export function describeStore(name: string, createNetwork: () => Promise<StoreNetwork>): void {
  describe(`the store over ${name}`, { timeout: 40_000 }, () => {
    let network: StoreNetwork
    let ann: StoreNode
    let ben: StoreNode

    beforeEach(async () => {
      network = await createNetwork()
      ann = await network.join()
      ben = await network.join()
    }, 30_000)

    afterEach(() => network.stop(), 30_000)

    it('brings a record to the other nodes and tells their handlers of it once', async () => {
      const heard: DatabaseRecord[] = []
      ben.jobs.onRecords((records) => heard.push(...records))
      const job = jobRecord(ann.signer, 'mandelbrot')
      await ann.jobs.put(await sign(ann.signer, job))
      expect(ann.jobs.records()).toEqual([job])
      await until(() => expect(ben.jobs.records()).toEqual([job]))
      expect(heard).toEqual([job])
    })

    it('gives a newcomer what was written before it came', async () => {
      const job = jobRecord(ann.signer, 'early', 1_000, 2)
      await ann.jobs.put(await sign(ann.signer, job))
      await ann.jobs.put(await sign(ann.signer, partial(ann.signer, job.job, 1_500, [0, 1, 2])))
      await ann.jobs.put(await sign(ann.signer, await result([ann.signer, ben.signer], job.job, 2_000, 1)))
      await ann.ledger.append(await sign(ann.signer, refusal(ann.signer, job.job, ben.signer.self, 3_000)))
      const late = await network.join()
      await until(() => {
        expect(kinds(late.jobs.records())).toEqual(['job', 'partial', 'result'])
        expect(late.ledger.entries()).toHaveLength(1)
      })
    })

    it('refuses records of others, records with a wrong signature and results whose certificate does not hold', async () => {
      const theirs = await sign(ben.signer, jobRecord(ben.signer, 'not mine'))
      await expect(ann.jobs.put(theirs)).rejects.toThrow(ben.signer.self)
      const mine = await sign(ann.signer, jobRecord(ann.signer, 'mine'))
      await expect(ann.jobs.put({ ...mine, signature: theirs.signature })).rejects.toThrow('signed')
      const forged = await result([ann.signer, ben.signer], mine.record.job, 1_000)
      forged.certificate.body.chunks[0]!.fuel = 1e9
      await expect(ann.jobs.put(await sign(ann.signer, forged))).rejects.toThrow('certificate')
      await expect(ann.ledger.append(await sign(ann.signer, forged))).rejects.toThrow('certificate')
      expect(ann.jobs.records()).toEqual([])
      expect(ann.ledger.entries()).toEqual([])
    })

    it('takes a conviction whose proof holds, and refuses one of somebody else or of nobody who signed', async () => {
      const members = [ann.signer, ben.signer, ...(await Promise.all([0, 1, 2].map(async () => (await network.join()).signer)))]
      const good = await conviction(members, jobRecord(ann.signer, 'lied about').job, 3_000)
      await ann.ledger.append(await sign(ann.signer, good))
      await until(() => expect(ben.ledger.entries()).toEqual([good]))
      const framed = { ...good, culprit: members[2]!.self }
      await expect(ann.ledger.append(await sign(ann.signer, framed))).rejects.toThrow('proof')
      const [statement] = good.proof.body.entropy.filter(({ peer }) => peer === good.culprit)
      statement!.statement = null
      await expect(ben.ledger.append(await sign(ben.signer, { ...good, peer: ben.signer.self }))).rejects.toThrow('proof')
      expect(ben.ledger.entries()).toHaveLength(1)
    })

    it('lets a newer claim of a peer take the place of its older one, and never the other way round', async () => {
      const job = jobRecord(ann.signer, 'claimed')
      await ann.jobs.put(await sign(ann.signer, job))
      const now = Date.now()
      const newer = claim(ann.signer, job.job, now + 10, now + 60_000, 2)
      await ann.jobs.put(await sign(ann.signer, claim(ann.signer, job.job, now, now + 50_000)))
      await ann.jobs.put(await sign(ann.signer, newer))
      await ann.jobs.put(await sign(ann.signer, claim(ann.signer, job.job, now - 5_000, now + 90_000)))
      const claims = (node: StoreNode): DatabaseRecord[] => node.jobs.records().filter(({ kind }) => kind === 'claim')
      expect(claims(ann)).toEqual([newer])
      await until(() => expect(claims(ben)).toEqual([newer]))
    })

    it('does not let a requester edit its job, but lets it take the job back', async () => {
      const job = jobRecord(ann.signer, 'as submitted')
      await ann.jobs.put(await sign(ann.signer, job))
      // A job that was taken back before a replica heard of it need not come to it at all.
      await until(() => expect(ben.jobs.records()).toEqual([job]))
      await ann.jobs.put(await sign(ann.signer, { ...job, title: 'edited', createdAt: 9_000 }))
      await ann.jobs.put(await sign(ann.signer, tombstone(ann.signer, job.job)))
      await until(() => expect(kinds(ben.jobs.records())).toEqual(['job', 'tombstone']))
      expect(ben.jobs.records().find(({ kind }) => kind === 'job')).toEqual(job)
    })

    it('takes a record that is already there as kept, and tells nobody again', async () => {
      const heard: DatabaseRecord[] = []
      ann.jobs.onRecords((records) => heard.push(...records))
      const job = await sign(ann.signer, jobRecord(ann.signer, 'twice'))
      await ann.jobs.put(job)
      await ann.jobs.put(job)
      expect(heard).toEqual([job.record])
    })

    it('keeps verified results and refusals in the ledger of every node', async () => {
      const job = jobRecord(ann.signer, 'done')
      const done = await result([ann.signer, ben.signer], job.job, 2_000)
      const refused = refusal(ann.signer, job.job, ben.signer.self, 3_000)
      await ann.ledger.append(await sign(ann.signer, done))
      await ann.ledger.append(await sign(ann.signer, refused))
      await until(() => expect(ben.ledger.entries()).toEqual([done, refused]))
    })

    it('agrees after a partition on which of two claims counts', async () => {
      const job = jobRecord(ann.signer, 'split')
      const now = Date.now()
      await ann.jobs.put(await sign(ann.signer, job))
      await until(() => expect(ben.jobs.records()).toHaveLength(1))
      await network.cut(ben)
      await ann.jobs.put(await sign(ann.signer, claim(ann.signer, job.job, now, now + 60_000)))
      await ben.jobs.put(await sign(ben.signer, claim(ben.signer, job.job, now, now + 60_000)))
      await ben.jobs.put(await sign(ben.signer, partial(ben.signer, job.job, now, [3, 4])))
      await network.heal(ben)
      await until(() => {
        for (const node of [ann, ben]) expect(kinds(node.jobs.records())).toEqual(['claim', 'claim', 'job', 'partial'])
      })
      const winner = (node: StoreNode) =>
        winningClaim(
          node.jobs.records().filter((record) => record.kind === 'claim'),
          now,
        )?.peer
      expect(winner(ann)).toBe([ann.signer.self, ben.signer.self].sort()[0])
      expect(winner(ben)).toBe(winner(ann))
    })

    it('fetches blocks and values from whoever has them, by their address', async () => {
      const cid = await ann.blocks.put(new Uint8Array([1, 2, 3]))
      const value = { list: [1, 'two', null], bytes: new Uint8Array([4]) }
      const valueCid = await ann.blocks.putValue(value)
      expect(valueCid).toBe(jobCid(value as never))
      expect(await ben.blocks.has(cid)).toBe(false)
      expect(await ben.blocks.get(cid, never())).toEqual(new Uint8Array([1, 2, 3]))
      expect(await ben.blocks.getValue(valueCid, never())).toEqual(value)
      expect(await ben.blocks.has(cid)).toBe(true)
      await ben.blocks.delete(cid)
      expect(await ben.blocks.has(cid)).toBe(false)
    })

    it('gives up on a block that nobody has when it is told to', async () => {
      const nobodys = jobRecord(ann.signer, 'nowhere').job
      const controller = new AbortController()
      const waiting = ben.blocks.get(nobodys, controller.signal)
      controller.abort()
      await expect(waiting).rejects.toThrow()
    })

    it('forgets a block at once although another is waited for, and serves the rest', async () => {
      const [mine, other] = [await ben.blocks.put(new Uint8Array([1])), await ben.blocks.put(new Uint8Array([2]))]
      const controller = new AbortController()
      const waiting = ben.blocks.get(jobRecord(ann.signer, 'nowhere').job, controller.signal).catch(() => 'gave up')
      await ben.blocks.delete(mine)
      expect([await ben.blocks.has(mine), await ben.blocks.has(other)]).toEqual([false, true])
      controller.abort()
      expect(await waiting).toBe('gave up')
    })

    it('refuses a block that is larger than a peer would take', async () => {
      await expect(ann.blocks.put(new Uint8Array(1024 * 1024 + 1))).rejects.toThrow('1048577')
    })
  })
}
