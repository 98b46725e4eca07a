import type { KernelManifest, Parameter, ParameterValue, ParameterValues } from './kernel.ts'

/** A parameter that the kernel's manifest does not admit. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError'
  readonly parameter: string
  readonly value: unknown

  constructor(parameter: string, value: unknown, message: string) {
    super(message)
    this.parameter = parameter
    this.value = value
  }
}

/** Longest list one parameter may hold, in elements. */
export const MAX_PARAMETER_LENGTH = 4096

/** Where a parameter lies in the WGSL `Params` struct; figures in 32-bit words. */
export interface ParameterSlot {
  name: string
  element: 'u32' | 'i32' | 'f32'
  offset: number
  /** Elements of the array, or null for a single value. */
  length: number | null
}

/**
 * The layout of the `Params` struct: one word per value, in manifest order, without padding.
 * A `fixed` parameter with more than 31 fraction bits takes an `array<u32, 2>`: low word, high word.
 */
export function parameterLayout(manifest: Pick<KernelManifest, 'parameters'>): ParameterSlot[] {
  let offset = 0
  return manifest.parameters.map((parameter) => {
    const wide = parameter.type === 'fixed' && (parameter.fractionBits ?? 0) > 31
    const length = wide ? 2 : (parameter.length ?? null)
    const element = wide ? 'u32' : parameter.type === 'fixed' ? 'i32' : parameter.type
    const slot: ParameterSlot = { name: parameter.name, element, offset, length }
    offset += length ?? 1
    return slot
  })
}

/**
 * Values with defaults filled in, each checked against its range.
 * Throws {@link ParameterError} for a name the manifest does not have and for a value outside its range.
 */
export function completeParameters(manifest: Pick<KernelManifest, 'name' | 'parameters'>, values: ParameterValues): ParameterValues {
  const known = new Set(manifest.parameters.map((parameter) => parameter.name))
  for (const name of Object.keys(values)) {
    if (!known.has(name)) {
      throw new ParameterError(name, values[name], `${manifest.name} has no parameter "${name}": it has ${[...known].join(', ') || 'none'}`)
    }
  }
  const complete: ParameterValues = {}
  for (const parameter of manifest.parameters) {
    const value = Object.hasOwn(values, parameter.name) ? values[parameter.name]! : parameter.default
    words(parameter, value)
    complete[parameter.name] = value
  }
  return complete
}

/**
 * Bytes of the WGSL `Params` struct: little-endian words in the order of {@link parameterLayout}, defaults filled in.
 * Throws {@link ParameterError} naming the parameter, the value and the range.
 */
export function encodeParameters(manifest: Pick<KernelManifest, 'name' | 'parameters'>, values: ParameterValues): Uint8Array {
  const complete = completeParameters(manifest, values)
  const all = manifest.parameters.flatMap((parameter) => words(parameter, complete[parameter.name]!))
  const bytes = new Uint8Array(all.length * 4)
  const view = new DataView(bytes.buffer)
  all.forEach((word, index) => view.setUint32(index * 4, word, true))
  return bytes
}

/** The value of a parameter that must be one number, such as the extent of an axis. Throws {@link ParameterError}. */
export function parameterNumber(manifest: Pick<KernelManifest, 'name' | 'parameters'>, values: ParameterValues, name: string): number {
  const value = completeParameters(manifest, values)[name]
  const number = typeof value === 'string' ? Number(value) : value
  if (typeof number !== 'number') {
    throw new ParameterError(name, value, `${manifest.name} needs a single number for "${name}", not ${show(value)}`)
  }
  return number
}

function words(parameter: Parameter, value: ParameterValue): number[] {
  if (parameter.length === undefined) {
    if (Array.isArray(value)) throw refused(parameter, value, `one number ${rangeOf(parameter)}, not a list`)
    return scalarWords(parameter, value)
  }
  if (!Array.isArray(value)) throw refused(parameter, value, `a list of ${parameter.length} numbers`)
  if (value.length !== parameter.length) {
    throw refused(parameter, value, `a list of ${parameter.length} numbers; this one has ${value.length}`)
  }
  return value.flatMap((element) => scalarWords(parameter, element))
}

function scalarWords(parameter: Parameter, value: number | string): number[] {
  const number = typeof value === 'number' ? value : value.trim() === '' ? Number.NaN : Number(value)
  if (!Number.isFinite(number)) throw refused(parameter, value, `a number ${rangeOf(parameter)}`)
  if (number < parameter.min || number > parameter.max) throw refused(parameter, value, rangeOf(parameter))
  switch (parameter.type) {
    case 'u32':
    case 'i32': {
      const [low, high] = parameter.type === 'u32' ? [0, 0xffff_ffff] : [-0x8000_0000, 0x7fff_ffff]
      if (!Number.isInteger(number)) throw refused(parameter, value, `a whole number ${rangeOf(parameter)}`)
      if (number < low || number > high) throw refused(parameter, value, rangeOf({ ...parameter, min: low, max: high }))
      return [number >>> 0]
    }
    case 'f32':
      return [new Uint32Array(new Float32Array([number]).buffer)[0]!]
    case 'fixed':
      return fixedWords(parameter, value)
  }
}

/** Decimal text to fixed point by exact integer arithmetic, rounded to nearest, halves up. */
function fixedWords(parameter: Parameter, value: number | string): number[] {
  const bits = parameter.fractionBits ?? 0
  const [numerator, denominator] = fraction(parameter, value)
  const scaled = floorDivide((numerator << BigInt(bits + 1)) + denominator, denominator * 2n)
  if (bits > 31) {
    if (BigInt.asIntN(64, scaled) !== scaled) throw refused(parameter, value, `small enough for 64 bits with ${bits} behind the point`)
    return [Number(BigInt.asUintN(32, scaled)), Number(BigInt.asUintN(32, scaled >> 32n))]
  }
  if (BigInt.asIntN(32, scaled) !== scaled) throw refused(parameter, value, `small enough for 32 bits with ${bits} behind the point`)
  return [Number(BigInt.asUintN(32, scaled))]
}

function fraction(parameter: Parameter, value: number | string): [bigint, bigint] {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(String(value).trim())
  if (match === null || (match[2] === '' && (match[3] ?? '') === ''))
    throw refused(parameter, value, `a decimal number ${rangeOf(parameter)}`)
  const digits = (match[2] ?? '') + (match[3] ?? '')
  if (digits.length > 100) throw refused(parameter, value, 'at most 100 digits long')
  const exponent = Number(match[4] ?? 0) - (match[3] ?? '').length
  const magnitude = BigInt(digits) * (exponent > 0 ? 10n ** BigInt(exponent) : 1n)
  return [match[1] === '-' ? -magnitude : magnitude, exponent < 0 ? 10n ** BigInt(-exponent) : 1n]
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return a % b < 0n ? quotient - 1n : quotient
}

function rangeOf({ min, max, unit }: Parameter): string {
  return `from ${min} to ${max}${unit ? ` ${unit}` : ''}`
}

function refused(parameter: Parameter, value: unknown, expected: string): ParameterError {
  const { name, label } = parameter
  return new ParameterError(name, value, `"${label}" (${name}) must be ${expected}: ${show(value)} was given`)
}

function show(value: unknown): string {
  if (typeof value === 'string' && value.trim() === '') return 'nothing'
  const text = Array.isArray(value) ? `[${value.slice(0, 8).join(', ')}${value.length > 8 ? ', …' : ''}]` : String(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
