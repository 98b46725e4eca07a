import { cidOfHash } from '../domain/ids.ts'
import type { JobId, PeerId } from '../domain/ids.ts'
import type { DatabaseRecord, LedgerRecord } from '../domain/record.ts'
import { MAX_REASON_LENGTH, recordBytes } from '../domain/record-check.ts'
import type { Effect } from '../room/event.ts'
import type { RequestOutcome } from '../room/request.ts'
import type { Clock, JobStore, Ledger, Signer } from '../room/ports.ts'

type RecordEffect = Extract<Effect, { type: 'claim' | 'recordPartial' | 'completed' | 'recordRefusal' | 'recordConviction' }>

/** Signs what this node has to say and puts it into the database and the ledger. */
export class Recorder {
  readonly #jobs: JobStore
  readonly #ledger: Ledger
  readonly #signer: Signer
  readonly #clock: Clock
  readonly #failed: (what: string, cause: unknown) => void

  constructor(parts: { jobs: JobStore; ledger: Ledger; signer: Signer; clock: Clock; failed: (what: string, cause: unknown) => void }) {
    this.#jobs = parts.jobs
    this.#ledger = parts.ledger
    this.#signer = parts.signer
    this.#clock = parts.clock
    this.#failed = parts.failed
  }

  /** Rejects when the database does not take the record. */
  async put(record: DatabaseRecord): Promise<void> {
    await this.#jobs.put({ record, signature: await this.#signer.sign(recordBytes(record)) })
  }

  async #append(record: LedgerRecord): Promise<void> {
    await this.#ledger.append({ record, signature: await this.#signer.sign(recordBytes(record)) })
  }

  /** How a request of this node's ended; a failure to write it is reported. */
  recordRequest({ id, job, outcome }: { id: string; job: JobId; outcome: RequestOutcome }): void {
    const done = outcome.kind === 'done' ? outcome : null
    this.#append({
      kind: 'request',
      id,
      job,
      peer: this.#signer.self,
      worker: done?.worker ?? null,
      output: done === null ? null : cidOfHash(done.hash),
      reason: outcome.kind === 'done' ? '' : outcome.causes.join('; ').slice(0, MAX_REASON_LENGTH),
      createdAt: this.#clock.now(),
    }).catch((cause: unknown) => this.#failed('request', cause))
  }

  /** Writes what a room effect asks for; a failure is reported, and the room goes on. */
  handle(effect: RecordEffect): void {
    this.#write(effect).catch((cause: unknown) => this.#failed(effect.type, cause))
  }

  async #write(effect: RecordEffect): Promise<void> {
    const { job, block, microjob } = effect.ref
    const peer: PeerId = this.#signer.self
    const common = { job, block, microjob, peer, createdAt: this.#clock.now() }
    switch (effect.type) {
      case 'claim':
        return this.put({
          kind: 'claim',
          ...common,
          createdAt: Math.min(common.createdAt, effect.lapsesAt),
          term: effect.term,
          lapsesAt: effect.lapsesAt,
        })
      case 'recordPartial':
        return this.put({
          kind: 'partial',
          ...common,
          results: effect.results.map(({ chunk, result }) => ({
            chunk,
            peer: result.peer,
            output: cidOfHash(result.hash),
            fuel: result.fuel,
          })),
        })
      case 'completed': {
        if (!effect.record) return
        const record = { kind: 'result' as const, ...common, certificate: effect.certificate }
        await this.put(record)
        return this.#append(record)
      }
      case 'recordRefusal':
        return this.#append({ kind: 'refusal', ...common, culprit: effect.culprit, reason: effect.reason })
      case 'recordConviction':
        return this.#append({ kind: 'conviction', ...common, culprit: effect.culprit, proof: effect.proof })
    }
  }
}
