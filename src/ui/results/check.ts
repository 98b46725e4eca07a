import type { ProofFinding } from '../../domain/proof.ts'
import type { Verification } from '../../node/verify.ts'

/** Files to be checked. */
export interface CheckRequest {
  certificates: File
  data: File | null
}

/** Answer of the check's worker. */
export type CheckAnswer = { verification: Verification } | { error: string }

/** Checks a certificates file in a worker: hashing and signatures of a large job would hold up the page. */
export function checkFiles(request: CheckRequest): Promise<Verification> {
  const worker = new Worker(new URL('./check.worker.ts', import.meta.url), { type: 'module', name: 'check' })
  return new Promise<Verification>((resolve, reject) => {
    worker.addEventListener('message', (event: MessageEvent<CheckAnswer>) =>
      'verification' in event.data ? resolve(event.data.verification) : reject(new Error(event.data.error)),
    )
    worker.addEventListener('error', (event) => reject(new Error(event.message || 'the check failed')))
    worker.postMessage(request)
  }).finally(() => worker.terminate())
}

/** What holds, each claim once, with the number of microjobs for which it was looked at. */
export function claimsThatHold({ findings }: Pick<Verification, 'findings'>): { claim: string; microjobs: number }[] {
  const claims = new Map<string, number>()
  for (const { claim, holds, microjob } of findings) {
    if (holds) claims.set(claim, (claims.get(claim) ?? 0) + (microjob === null ? 0 : 1))
  }
  return [...claims].map(([claim, microjobs]) => ({ claim, microjobs }))
}

/** What does not hold, and why. Numbers begin at 1 for people, as in the list of certificates. */
export function failureText({ microjob, claim, detail }: Pick<ProofFinding, 'microjob' | 'claim' | 'detail'>): string {
  const [block, within] = microjob === null ? [] : microjob.split('/').map(Number)
  const where = block === undefined || within === undefined ? '' : `Microjob ${within + 1} in block ${block + 1}: `
  return `${where}${claim} (${detail})`
}
