import { kernelByName } from '../compute/kernels/index.ts'
import { jobCid } from '../domain/job.ts'
import type { Job } from '../domain/job.ts'
import { kernelCid } from '../domain/kernel.ts'
import { completeParameters } from '../domain/parameters.ts'
import { chunkAt, chunkCount, outputLength, planJob } from '../domain/plan.ts'
import { scatter } from '../domain/chunk.ts'
import type { Proof } from '../domain/proof.ts'
import type { ResultRecord } from '../domain/record.ts'
import type { Signer } from '../room/ports.ts'
import { result } from '../room/store-fixtures.ts'
import { generateKey, keyFromBytes, KeySigner } from '../net/keys.ts'

/** A picture of 20 chunks in two microjobs, certified by three members of whom the first was host, with its data: [40, 32] u32 as bytes. */
export async function provenJob(): Promise<{
  proof: Proof
  data: Uint8Array
  members: Signer[]
  results: ResultRecord[]
  outputs: Uint8Array[]
}> {
  const members = await Promise.all([0, 1, 2].map(async () => new KeySigner(keyFromBytes(await generateKey()))))
  const kernel = kernelByName('mandelbrot')!
  const parameters = completeParameters(kernel.manifest, { width: 32, height: 40 })
  const job: Job = {
    version: 1,
    title: 'Proven',
    kernel: kernelCid(kernel),
    parameters,
    input: null,
    ...planJob({ manifest: kernel.manifest, parameters, input: null, chunk: [16, 4, 1], epsilon: 0.2 }),
    requester: members[0]!.self,
    createdAt: 1_000,
    nonce: '00',
  }
  const data = new Uint8Array(outputLength(job, kernel.manifest))
  const output = (chunk: number): Uint8Array => new Uint8Array(16 * 4 * 4).fill(chunk + 1)
  for (let chunk = 0; chunk < chunkCount(job); chunk++) scatter(output(chunk), chunkAt(job, kernel.manifest, chunk).output, data)
  const made = { kernel: job.kernel, output }
  const results = await Promise.all([0, 1].map((microjob) => result(members, jobCid(job), 2_000, microjob, made)))
  const outputs = Array.from({ length: chunkCount(job) }, (_, chunk) => output(chunk))
  return { proof: { job, kernel, certificates: results.map(({ certificate }) => certificate) }, data, members, results, outputs }
}
