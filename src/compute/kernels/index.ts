import type { Cid } from '../../domain/ids.ts'
import { kernelCid } from '../../domain/kernel.ts'
import type { Kernel } from '../../domain/kernel.ts'
import { collatz } from './collatz/index.ts'
import { convolve } from './convolve/index.ts'
import { mandelbrotDeep } from './mandelbrot-deep/index.ts'
import { mandelbrot } from './mandelbrot/index.ts'
import { matmul } from './matmul/index.ts'
import { montecarlo } from './montecarlo/index.ts'
import { sha256 } from './sha256/index.ts'

export { convolveParameters, convolvePresets } from './convolve/presets.ts'
export type { ConvolvePreset } from './convolve/presets.ts'
export { optionPrice } from './montecarlo/summary.ts'
export type { OptionPrice } from './montecarlo/summary.ts'

/** The kernels that come with every node, in the order a gallery shows them. */
export const builtInKernels: Kernel[] = [mandelbrot, convolve, sha256, montecarlo, collatz, mandelbrotDeep, matmul]

const cids = new Map<Cid, Kernel>(builtInKernels.map((kernel) => [kernelCid(kernel), kernel]))

/** The built-in kernel of this name, or null. */
export function kernelByName(name: string): Kernel | null {
  return builtInKernels.find((kernel) => kernel.manifest.name === name) ?? null
}

/** The built-in kernel with this content address, or null. */
export function kernelByCid(cid: Cid): Kernel | null {
  return cids.get(cid) ?? null
}
