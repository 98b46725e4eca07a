import type { Certificate } from '../../domain/certificate.ts'

/** What of a certificate says where its microjob lies. */
interface Placed {
  body: Pick<Certificate['body'], 'blockIndex' | 'microjob'>
}

/** Certificates as their microjobs lie in the job; they arrive in the order in which the rooms are done. */
export function inJobOrder<T extends Placed>(certificates: readonly T[]): T[] {
  return certificates.toSorted((a, b) => a.body.blockIndex - b.body.blockIndex || a.body.microjob - b.body.microjob)
}
