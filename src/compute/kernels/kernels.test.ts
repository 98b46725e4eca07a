import { bytesToHex } from '@noble/hashes/utils.js'
import { afterAll, describe, expect, it } from 'vitest'
import { hashBytes } from '../../domain/ids.ts'
import { kernelCid } from '../../domain/kernel.ts'
import { completeParameters, encodeParameters } from '../../domain/parameters.ts'
import { CpuEngine } from '../cpu/pool.ts'
import { computeSample } from '../engine-contract.ts'
import { collatzReference } from './collatz/reference.ts'
import { convolvePresets } from './convolve/presets.ts'
import { convolveReference } from './convolve/reference.ts'
import { builtInKernels, kernelByCid, kernelByName } from './index.ts'
import { mandelbrotReference } from './mandelbrot/reference.ts'
import { mandelbrotDeepReference } from './mandelbrot-deep/reference.ts'
import { matmulReference } from './matmul/reference.ts'
import { montecarloReference } from './montecarlo/reference.ts'
import { optionPrice } from './montecarlo/summary.ts'
import { kernelSamples, sampleImage, sampleMatrices } from './samples.ts'
import { sha256Reference } from './sha256/reference.ts'

const engine = new CpuEngine({ workers: 1 })
afterAll(() => engine.dispose())

const sampleOf = (name: string) => kernelSamples.find((sample) => sample.kernel === name)!
const valuesOf = (name: string) =>
  completeParameters(kernelByName(name)!.manifest, sampleOf(name).parameters) as Record<string, number> & {
    weights: number[]
    data: number[]
  }
const wordsOf = (bytes: Uint8Array) => new Uint32Array(bytes.slice().buffer)
const bytesOf = (words: Uint32Array) => new Uint8Array(words.buffer)

/** What the independent reference of each kernel makes of its sample. */
const references: Record<string, () => Uint8Array> = {
  mandelbrot: () =>
    bytesOf(mandelbrotReference({ width: 133, height: 77, centreX: -(2 ** 27), centreY: 0, span: 3 * 2 ** 28, iterations: 300 })),
  convolve: () => convolveReference(sampleImage(133, 77), 133, 77, valuesOf('convolve') as never),
  sha256: () => {
    const { data, zeroBits } = valuesOf('sha256')
    return bytesOf(
      new Uint32Array(
        [0, 512, 1024, 1536, 2048, 2560].flatMap((start) => sha256Reference(data, zeroBits!, 0, start, Math.min(512, 3000 - start))),
      ),
    )
  },
  montecarlo: () => {
    const p = {
      steps: 20,
      strike: 2 ** 24,
      stepRate: Math.round(0.00078125 * 2 ** 28),
      stepVolatility: Math.round(0.05 * 2 ** 28),
      kind: 0,
      seed: 1,
    }
    return bytesOf(new Uint32Array([0, 30, 60, 90].flatMap((first) => montecarloReference(first, Math.min(30, 100 - first), p))))
  },
  collatz: () =>
    bytesOf(
      new Uint32Array(
        [0, 256, 512].flatMap((first) => collatzReference(8n * 2n ** 32n - 256n + BigInt(first), Math.min(256, 700 - first))),
      ),
    ),
  'mandelbrot-deep': () => {
    const words = new BigInt64Array(
      encodeParameters(kernelByName('mandelbrot-deep')!.manifest, sampleOf('mandelbrot-deep').parameters).slice(8, 32).buffer,
    )
    return bytesOf(
      mandelbrotDeepReference({ width: 40, height: 30, centreX: words[0]!, centreY: words[1]!, span: words[2]!, iterations: 1500 }),
    )
  },
}

describe('the built-in kernels', () => {
  for (const [name, reference] of Object.entries(references)) {
    it(`${name} has the golden output that its reference gives`, { timeout: 60_000 }, () => {
      expect(bytesToHex(hashBytes(reference()))).toBe(sampleOf(name).sha256)
    })

    it(`${name} computes what its reference gives, byte by byte`, { timeout: 60_000 }, async () => {
      const { output, fuel } = await computeSample(engine, sampleOf(name))
      expect(output).toEqual(reference())
      expect(fuel).toBe(sampleOf(name).fuel)
    })
  }

  it('matmul stays within its own tolerance of a product in double precision', async () => {
    const { output } = await computeSample(engine, sampleOf('matmul'))
    const exact = matmulReference(new Float32Array(sampleMatrices(48, 37).buffer), 24, 37)
    const worst = new Float32Array(output.slice().buffer).map((value, index) => Math.abs(value - exact[index]!))
    expect(Math.max(...worst)).toBeLessThan(1e-5)
  })

  it('convolve keeps every preset the same as its reference', async () => {
    for (const { parameters } of convolvePresets) {
      const { output } = await computeSample(engine, { ...sampleOf('convolve'), parameters })
      expect(output).toEqual(convolveReference(sampleImage(133, 77), 133, 77, parameters))
    }
  })

  it('montecarlo prices a European call as the formula of Black and Scholes does', async () => {
    const { output } = await computeSample(engine, {
      ...sampleOf('montecarlo'),
      parameters: { items: 20_000, steps: 32, stepRate: 0.05 / 32, stepVolatility: 0.2 / Math.sqrt(32) },
      chunk: [20_000, 1, 1],
    })
    const { price, standardError, paths } = optionPrice(wordsOf(output), (1 + 0.05 / 32) ** 32)
    expect(paths).toBe(320_000)
    // 5% interest, 20% volatility, one year, at the money: 0.104506 of the share price.
    expect(Math.abs(price - 0.104506)).toBeLessThan(4 * standardError)
    expect(standardError).toBeLessThan(0.0003)
  })

  it('collatz finds the number below a million with the longest chain', async () => {
    const { output } = await computeSample(engine, {
      ...sampleOf('collatz'),
      parameters: { startLow: 1, count: 999_999 },
      chunk: [999_999, 1, 1],
    })
    expect([...wordsOf(output)]).toEqual([524, 837_799, 0])
  })

  it('are found by name and by content address', () => {
    for (const kernel of builtInKernels) {
      expect(kernelByName(kernel.manifest.name)).toBe(kernel)
      expect(kernelByCid(kernelCid(kernel))).toBe(kernel)
    }
    expect(kernelByName('nothing')).toBeNull()
    expect(kernelByCid('bafy')).toBeNull()
  })

  it('have defaults that their own manifests admit', () => {
    for (const { manifest } of builtInKernels) expect(() => encodeParameters(manifest, {})).not.toThrow()
  })
})
