import { describe, expect, it } from 'vitest'
import { CpuEngine } from '../compute/cpu/pool.ts'
import { convolve } from '../compute/kernels/convolve/index.ts'
import { matmul } from '../compute/kernels/matmul/index.ts'
import { sampleImage, sampleMatrices } from '../compute/kernels/samples.ts'
import { cidOfHash, hashBytes, hashOfCid } from '../domain/ids.ts'
import { jobCid } from '../domain/job.ts'
import type { Job } from '../domain/job.ts'
import { kernelCid } from '../domain/kernel.ts'
import type { Kernel } from '../domain/kernel.ts'
import { microjobAt, planJob } from '../domain/plan.ts'
import { MemoryStoreNetwork } from '../sim/memory-store.ts'
import type { KnownJob } from './catalogue.ts'
import { Computation } from './computation.ts'
import { OutputCache } from './output-cache.ts'

const newBlocks = () => new MemoryStoreNetwork().join({ self: 'p', sign: async (bytes) => bytes, verify: async () => true }).blocks

async function checkerOf(kernel: Kernel, width: number, height: number, stream: Uint8Array) {
  const blocks = newBlocks()
  const input = { blocks: [await blocks.put(stream)], blockBytes: stream.length, length: stream.length, width, height, name: '' }
  const cut = planJob({ manifest: kernel.manifest, parameters: {}, input, chunk: [8, 8, 1] })
  const job: Job = {
    version: 1,
    title: '',
    kernel: kernelCid(kernel),
    parameters: {},
    input,
    ...cut,
    requester: 'p',
    createdAt: 0,
    nonce: '',
  }
  const outputs = new OutputCache(blocks)
  const known = { job, kernel } as KnownJob
  const find = (id: string) => (id === jobCid(job) ? known : undefined)
  const computation = new Computation({ blocks, outputs, find })
  const engine = new CpuEngine({ workers: 1 })
  computation.use(engine, engine)
  const ref = microjobAt(job, 0)
  const right = (await computation.compute(ref, 0, 'self')).result.hash
  const bytes = await outputs.get(cidOfHash(right), AbortSignal.timeout(1000))
  /** What the check makes of a member's claim that the chunk has these bytes. */
  const check = async (claim: Uint8Array): Promise<Uint8Array> => {
    const hash = hashOfCid(await blocks.put(claim))
    return computation.recompute(ref, 0, hash, AbortSignal.timeout(10_000))
  }
  return { check, bytes, right, computation, ref, blocks, engine, find, dispose: () => engine.dispose() }
}

/** The output with one of its floats changed. */
function bent(bytes: Uint8Array, change: (value: number) => number): Uint8Array {
  const floats = new Float32Array(bytes.slice().buffer)
  floats[3] = change(floats[3]!)
  return new Uint8Array(floats.buffer)
}

describe('the check of a chunk', () => {
  it('takes a result within the tolerance of an approximate kernel for right, and one outside for wrong', async () => {
    const { check, bytes, right, computation, ref, dispose } = await checkerOf(matmul, 37, 48, sampleMatrices(48, 37))
    const close = bent(bytes, (value) => value + 2e-5)
    const wide = bent(bytes, (value) => value + 0.5)
    expect(await check(close)).toEqual(hashBytes(close))
    expect(await check(wide)).toEqual(right)
    expect(await check(bytes.slice(0, -4))).toEqual(right)
    expect(await check(bent(bytes, () => Number.NaN))).toEqual(right)
    expect(await computation.recompute(ref, 0, null, AbortSignal.timeout(10_000))).toEqual(right)
    await dispose()
  })

  it('does not judge a result of an approximate kernel that nobody can show', async () => {
    const { computation, ref, dispose } = await checkerOf(matmul, 37, 48, sampleMatrices(48, 37))
    await expect(computation.recompute(ref, 0, hashBytes(Uint8Array.of(1)), AbortSignal.timeout(500))).rejects.toThrow(/timeout/)
    await dispose()
  })

  it('keeps what it found right, for those who ask when its worker is gone', async () => {
    const { blocks, engine, find, right, ref, bytes, dispose } = await checkerOf(convolve, 40, 30, sampleImage(40, 30))
    const outputs = new OutputCache(newBlocks())
    const checker = new Computation({ blocks, outputs, find })
    checker.use(engine, engine)
    expect(outputs.peek(cidOfHash(right))).toBeUndefined()
    await checker.recompute(ref, 0, right, AbortSignal.timeout(10_000))
    expect(outputs.peek(cidOfHash(right))).toEqual(bytes)
    await dispose()
  })

  it('takes nothing but the same bytes for right where the kernel is exact', async () => {
    const { check, bytes, right, dispose } = await checkerOf(convolve, 40, 30, sampleImage(40, 30))
    const other = bytes.slice()
    other[0]! ^= 1
    expect(await check(other)).toEqual(right)
    expect(await check(bytes)).toEqual(right)
    await dispose()
  })
})
