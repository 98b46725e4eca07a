import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kernelByName } from '../compute/kernels/index.ts'
import { shapeTask } from '../compute/task.ts'
import { checkWindow, tileShape } from '../domain/chunk.ts'
import { cidOfHash } from '../domain/ids.ts'
import { jobCid } from '../domain/job.ts'
import type { Job } from '../domain/job.ts'
import { kernelCid } from '../domain/kernel.ts'
import type { Kernel, ParameterValues } from '../domain/kernel.ts'
import { completeParameters, encodeParameters } from '../domain/parameters.ts'
import {
  MAX_CHUNK_INPUT_BYTES,
  MAX_CHUNK_OUTPUT_BYTES,
  chunkAt,
  chunkCount,
  microjobAt,
  microjobCount,
  outputLength,
  planJob,
} from '../domain/plan.ts'
import type { JobRecord } from '../domain/record.ts'
import { strangersFault } from './strangers-job.ts'

const block = cidOfHash(new Uint8Array(32))

function jobOf(kernel: Kernel, values: ParameterValues, size: [number, number] | null): Job {
  const { manifest } = kernel
  const parameters = completeParameters(manifest, values)
  const bytes = manifest.input.kind === 'stream' ? manifest.input.bytesPerItem : 0
  const input =
    size === null
      ? null
      : { blocks: [block], blockBytes: 2 ** 30, length: size[0] * size[1] * bytes, width: size[0], height: size[1], name: 'photo' }
  const cut = planJob({ manifest, parameters, input })
  return { version: 1, title: 'T', kernel: kernelCid(kernel), parameters, input, ...cut, requester: 'p', createdAt: 0, nonce: '' }
}

const BASES: [Kernel, ParameterValues, [number, number] | null][] = [
  [kernelByName('mandelbrot')!, {}, null],
  [kernelByName('sha256')!, {}, null],
  [kernelByName('montecarlo')!, {}, null],
  [kernelByName('convolve')!, {}, [640, 480]],
  [kernelByName('matmul')!, {}, [64, 128]],
]

/** Announces a job as a stranger would who gets every address right. */
function announced(kernel: Kernel, change: (job: Job) => void): { record: JobRecord; job: Job; kernel: Kernel } {
  const base = BASES.find(([{ manifest }]) => manifest.name === kernel.manifest.name)!
  const job = structuredClone({ ...jobOf(base[0], base[1], base[2]) })
  const claim = (count: () => number): number => {
    try {
      return count()
    } catch {
      return 1
    }
  }
  change(job)
  job.kernel = claimText(() => kernelCid(kernel))
  const record: JobRecord = {
    kind: 'job',
    job: claimText(() => jobCid(job)),
    kernel: job.kernel,
    requester: job.requester,
    title: 'T',
    chunks: claim(() => chunkCount(job)),
    microjobs: claim(() => microjobCount(job)),
    createdAt: 0,
  }
  return { record, job, kernel }
}

/** What cannot be encoded has no address. */
function claimText(address: () => string): string {
  try {
    return address()
  } catch {
    return ''
  }
}

type Path = (string | number)[]

function paths(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at]
  const inner = Object.entries(value).flatMap(([key, entry]) => paths(entry, [...at, key]))
  return at.length === 0 ? inner : [at, ...inner]
}

function put(root: unknown, path: Path, value: unknown): void {
  let at = root as Record<string, unknown>
  for (const key of path.slice(0, -1)) {
    const next = at[key]
    if (typeof next !== 'object' || next === null) return
    at = next as Record<string, unknown>
  }
  // A hole in a list cannot be encoded, so that none ever arrives.
  if (value === undefined && Array.isArray(at)) at.splice(Number(path.at(-1)), 1)
  else if (value === undefined) delete at[path.at(-1)!]
  else at[path.at(-1)!] = structuredClone(value)
}

const hostile = fc.oneof(
  fc.constantFrom<unknown>(-1, 0, 0.5, 1, 2, 2 ** 16, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40, 2 ** 52, Number.MAX_SAFE_INTEGER, 2 ** 60),
  fc.constantFrom<unknown>(Number.NaN, Infinity, -Infinity, null, undefined, '', '7', 'x', true, [], {}, [1], [1, 2, 3], {
    parameter: 'data',
  }),
  fc.integer({ min: 1, max: 4096 }),
)

describe("a stranger's job", () => {
  it('is taken as it was made', () => {
    for (const [kernel] of BASES) {
      const { record, job } = announced(kernel, () => {})
      expect(strangersFault(record, job, kernel)).toBeNull()
    }
  })

  it(
    'is refused with a reason, or every chunk of it lies inside its streams and can be run, whatever figures it has',
    { timeout: 60_000 },
    () => {
      let [taken, refused] = [0, 0]
      const change = fc.record({ at: fc.nat(), value: hostile, inManifest: fc.boolean() })
      fc.assert(
        fc.property(
          fc.constantFrom(...BASES),
          fc.array(change, { minLength: 1, maxLength: 3 }),
          fc.double({ min: 0, max: 1, noNaN: true }),
          ([original], changes, spot) => {
            const kernel = structuredClone(original)
            const ways = paths(kernel.manifest)
            for (const { at, value, inManifest } of changes) if (inManifest) put(kernel.manifest, ways[at % ways.length]!, value)
            const { record, job } = announced({ ...kernel, manifest: { ...kernel.manifest, name: original.manifest.name } }, (draft) => {
              const places = paths(draft)
              for (const { at, value, inManifest } of changes) if (!inManifest) put(draft, places[at % places.length]!, value)
            })
            job.kernel = claimText(() => kernelCid(kernel))
            record.job = claimText(() => jobCid({ ...job }))
            const fault = strangersFault(record, job, kernel)
            if (fault !== null) {
              refused++
              expect(fault.length).toBeGreaterThan(10)
              expect(fault).not.toMatch(/Cannot (read|convert|mix)|is not a function|is not iterable/)
              return
            }
            taken++
            runnable(job, kernel, spot)
          },
        ),
        { numRuns: 2000 },
      )
      // Some 230 are taken, give or take 18: both sides of the rule were seen.
      expect(Math.min(taken, refused)).toBeGreaterThan(100)
    },
  )

  it('is refused where its record claims other chunks than its plan gives', () => {
    const { record, job, kernel } = announced(BASES[0]![0], () => {})
    expect(strangersFault({ ...record, chunks: record.chunks + 1 }, job, kernel)).toMatch(/its record claims/)
  })

  it('is refused where its rooms could not be recorded or would need too much memory', () => {
    const refusal = (name: string, change: (job: Job) => void): string | null => {
      const [kernel] = BASES.find(([{ manifest }]) => manifest.name === name)!
      const { record, job } = announced(kernel, change)
      return strangersFault(record, job, kernel)
    }
    expect(refusal('sha256', ({ plan }) => (plan.chunksPerMicrojob = 2 ** 31))).toMatch(/chunksPerMicrojob must be .* from 1 to 64/)
    expect(refusal('sha256', ({ plan }) => (plan.deadlineMs = 2 ** 50))).toMatch(/deadlineMs/)
    expect(refusal('sha256', ({ plan }) => (plan.capacity = 1e6))).toMatch(/capacity/)
    expect(refusal('mandelbrot', ({ plan }) => (plan.chunk = [1600, 1000, 1]))).toMatch(/bytes of output/)
    expect(
      refusal('matmul', (job) => {
        Object.assign(job.input!, { width: 2 ** 22, length: 2 ** 31, blocks: [block, block] })
        job.plan.chunk = [1, 1, 1]
      }),
    ).toMatch(/bytes of input/)
  })
})

/** Looks at first, last and one more chunk as everybody does before computing them. */
function runnable(job: Job, kernel: Kernel, spot: number): void {
  const { manifest } = kernel
  const count = chunkCount(job)
  const parameters = encodeParameters(manifest, job.parameters)
  for (const id of [0, count - 1, Math.floor(spot * (count - 1))]) {
    const chunk = chunkAt(job, manifest, id)
    checkWindow(chunk.output, outputLength(job, manifest))
    let input: Uint8Array | null = null
    if (chunk.input !== null && manifest.input.kind === 'stream') {
      checkWindow(chunk.input, job.input!.length)
      const { width, height } = tileShape(chunk, manifest.input.bytesPerItem)
      input = new Uint8Array(width * height * chunk.input.blockCount * manifest.input.bytesPerItem)
      expect(input.length).toBeLessThanOrEqual(MAX_CHUNK_INPUT_BYTES)
    }
    expect(shapeTask({ parameters, chunk, input }, manifest).outputBytes).toBeLessThanOrEqual(MAX_CHUNK_OUTPUT_BYTES)
  }
  const { chunkCount: chunks } = microjobAt(job, microjobCount(job) - 1)
  expect(chunks).toBeGreaterThanOrEqual(1)
}
