import type { Cid } from '../../domain/ids.ts'
import { kernelCid } from '../../domain/kernel.ts'
import type { Kernel, KernelManifest } from '../../domain/kernel.ts'
import { collatz, columns as collatzColumns } from './collatz/index.ts'
import { convolve } from './convolve/index.ts'
import { mandelbrotDeep } from './mandelbrot-deep/index.ts'
import { mandelbrot } from './mandelbrot/index.ts'
import { matmul } from './matmul/index.ts'
import { montecarlo, columns as montecarloColumns } from './montecarlo/index.ts'
import { sha256, columns as sha256Columns } from './sha256/index.ts'

export { convolveParameters, convolvePresets } from './convolve/presets.ts'
export type { ConvolvePreset } from './convolve/presets.ts'
export { optionPrice } from './montecarlo/summary.ts'
export type { OptionPrice } from './montecarlo/summary.ts'

/** The kernels that come with every node, in the order a gallery shows them. */
export const builtInKernels: Kernel[] = [mandelbrot, convolve, sha256, montecarlo, collatz, mandelbrotDeep, matmul]

const columns = new Map<Kernel, readonly string[]>([
  [collatz, collatzColumns],
  [montecarlo, montecarloColumns],
  [sha256, sha256Columns],
])

const cids = new Map<Cid, Kernel>(builtInKernels.map((kernel) => [kernelCid(kernel), kernel]))

/** The built-in kernel of this name, or null. */
export function kernelByName(name: string): Kernel | null {
  return builtInKernels.find((kernel) => kernel.manifest.name === name) ?? null
}

/** The built-in kernel with this content address, or null. */
export function kernelByCid(cid: Cid): Kernel | null {
  return cids.get(cid) ?? null
}

/**
 * Names of the elements of an output item: the manifest's own, or those of the built-in kernel with this content address,
 * whose manifest must stay what it was. Null where there are none.
 */
export function columnsOf({ output }: KernelManifest, cid: Cid): readonly string[] | null {
  const builtIn = cids.get(cid)
  return output.columns ?? (builtIn === undefined ? undefined : columns.get(builtIn)) ?? null
}
