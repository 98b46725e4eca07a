import { beforeAll, describe, expect, it, vi } from 'vitest'
import { textBytes } from '../domain/bytes.ts'
import { findingText, parseProof, proofJson } from '../domain/proof.ts'
import type { Proof } from '../domain/proof.ts'
import { lottery, oneChangeEach } from '../room/mutation.ts'
import { provenJob } from './test-proof.ts'
import { verifyFiles } from './verify.ts'

// Every place of a file is changed and checked in these tests; a busy machine must not decide them.
vi.setConfig({ testTimeout: 120_000 })

describe('the check of a certificates file', () => {
  let proof: Proof
  let data: Uint8Array
  const check = (file: unknown, bytes: Uint8Array | null = data) => verifyFiles(proofJson(file as Proof), bytes)
  const failures = async (file: unknown, bytes?: Uint8Array | null): Promise<string[]> => {
    const { findings } = await check(file, bytes)
    return findings.filter(({ holds }) => !holds).map(findingText)
  }

  beforeAll(async () => {
    ;({ proof, data } = await provenJob())
  })

  it('finds that everything holds, with the data and without it', async () => {
    expect(await failures(proof)).toEqual([])
    expect(await check(proof, null)).toMatchObject({ holds: true, certificates: 2, withData: false })
  })

  it('names the chunk in which one bit of the data was flipped', async () => {
    const other = data.slice()
    // Line 9 of 40, 16 items in: chunk 5 of two in a row of four lines.
    other[(9 * 32 + 16) * 4]! ^= 1
    expect(await failures(proof, other)).toEqual(['microjob 0/0: the data is what was certified: chunk 5 has other bytes'])
  })

  it('names data of another length', async () => {
    expect(await failures(proof, data.subarray(4))).toContain('the data has the length of the output: it has 5116 bytes, the output 5120')
  })

  it('refuses each certificate in which one place was changed, and says why', async () => {
    const [first, second] = proof.certificates
    let changes = 0
    for (const { place, changed } of oneChangeEach(first)) {
      const found = await failures({ ...proof, certificates: [changed, second] }, null)
      expect({ place, found: found.length > 0 && found.every((text) => !text.endsWith(': ')) }).toEqual({ place, found: true })
      changes++
    }
    expect(changes).toBeGreaterThan(200)
  })

  it('refuses a job or a kernel in which one place was changed', async () => {
    for (const part of ['job', 'kernel'] as const) {
      for (const { place, changed } of oneChangeEach(proof[part])) {
        // A kernel's name is of its two fields; what lies beside them means nothing.
        if (part === 'kernel' && place === '/extra') continue
        expect({ part, place, found: (await failures({ ...proof, [part]: changed })).length > 0 }).toEqual({ part, place, found: true })
      }
    }
  })

  it('names a certificate that is missing, doubled or of another job', async () => {
    const [first, second] = proof.certificates
    expect(await failures({ ...proof, certificates: [first] })).toEqual(['every chunk is certified once: 10 of 20 chunks are certified'])
    expect(await failures({ ...proof, certificates: [first, first, second] })).toEqual([
      'every chunk is certified once: 30 of 20 chunks are certified, chunk 1 is not, or twice',
    ])
    const other = await provenJob()
    expect((await failures({ ...proof, certificates: [first, other.proof.certificates[1]!] })).join()).toContain('is of job')
  })

  it('finds one flipped bit anywhere in the file', async () => {
    const file = textBytes(proofJson(proof))
    const draw = lottery(7)
    for (let i = 0; i < 300; i++) {
      const copy = file.slice()
      const bit = draw(copy.length * 8)
      copy[bit >> 3]! ^= 1 << (bit & 7)
      const { holds } = await verifyFiles(new TextDecoder().decode(copy), null).catch((error: Error) => {
        expect(error.name).toBe('ProofFormatError')
        return { holds: false }
      })
      expect({ bit, holds }).toEqual({ bit, holds: false })
    }
  })

  it('leaves a job’s own texts alone, whatever they are called', () => {
    const job = { ...proof.job, parameters: { secret: 'abcd' } }
    expect(parseProof(proofJson({ ...proof, job })).job).toEqual(job)
  })
})
