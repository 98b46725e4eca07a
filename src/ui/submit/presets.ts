import { convolvePresets } from '../../compute/kernels/index.ts'
import type { ParameterValues } from '../../domain/kernel.ts'

/** Parameters with a name that people know. */
export interface Preset {
  name: string
  parameters: ParameterValues
}

const PRESETS: Record<string, Preset[]> = {
  convolve: convolvePresets.map(({ name, parameters }) => ({ name, parameters: { ...parameters } })),
}

/** Presets of a built-in kernel; the first is its default. Empty for a kernel without any. */
export function presetsOf(kernel: string): Preset[] {
  return PRESETS[kernel] ?? []
}
