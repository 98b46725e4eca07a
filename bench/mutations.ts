import { textBytes } from '../src/domain/bytes.ts'
import { decodeCanonical, encodeCanonical } from '../src/domain/ids.ts'
import { proofJson } from '../src/domain/proof.ts'
import type { Proof } from '../src/domain/proof.ts'
import { provenJob } from '../src/node/test-proof.ts'
import { verifyFiles } from '../src/node/verify.ts'
import { lottery, mutateBytes } from '../src/room/mutation.ts'

export interface MutationResult {
  mutated: number
  /** Refused with a reason. */
  refused: number
  accepted: number
  /** Ended in an error that is no answer. */
  crashed: number
  /** How often each claim was the first that did not hold. */
  reasons: Record<string, number>
}

/** One changed certificates file: as text, or null when it is the old one by chance. */
function mutant(proof: Proof, text: Uint8Array, draw: (below: number) => number): string | null {
  if (draw(2) === 0) {
    const copy = text.slice()
    copy[draw(copy.length)]! ^= 1 << draw(8)
    return new TextDecoder().decode(copy)
  }
  const certificates = [...proof.certificates]
  const at = draw(certificates.length)
  try {
    certificates[at] = decodeCanonical(mutateBytes(encodeCanonical(certificates[at]), draw)) as Proof['certificates'][number]
  } catch {
    // These bytes do not even decode; the database refuses them there, see the replica's own test.
    return null
  }
  return proofJson({ ...proof, certificates })
}

/** Offers so many changed certificates files and looks whether one is believed, or breaks the check. */
export async function mutateCertificates(count: number, seed: number): Promise<MutationResult> {
  const { proof } = await provenJob()
  const text = textBytes(proofJson(proof))
  const draw = lottery(seed)
  const result: MutationResult = { mutated: 0, refused: 0, accepted: 0, crashed: 0, reasons: {} }
  while (result.mutated < count) {
    const file = mutant(proof, text, draw)
    if (file === null) continue
    result.mutated++
    try {
      const { holds, findings } = await verifyFiles(file, null)
      if (holds || findings[0]!.detail === '') result.accepted++
      else note(result, findings[0]!.claim.replace(/\d+/, 'N'))
    } catch (error) {
      if (error instanceof Error && error.name === 'ProofFormatError') note(result, 'it is a certificates file')
      else result.crashed++
    }
  }
  return result
}

function note(result: MutationResult, reason: string): void {
  result.refused++
  result.reasons[reason] = (result.reasons[reason] ?? 0) + 1
}

const numbers = process.argv.slice(2).filter((argument) => /^\d+$/.test(argument))
const outcome = await mutateCertificates(Number(numbers[0] ?? 10_000), Number(numbers[1] ?? 1))
console.log(process.argv.includes('--json') ? JSON.stringify(outcome, null, 2) : outcome)
process.exit(outcome.accepted + outcome.crashed === 0 ? 0 : 1)
