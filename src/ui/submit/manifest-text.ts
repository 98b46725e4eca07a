import * as v from 'valibot'
import type { KernelManifest } from '../../domain/kernel.ts'

const Name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens'))
const Line = v.pipe(v.string(), v.maxLength(500))
const Count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4096))

const Parameter = v.object({
  name: v.pipe(v.string(), v.regex(/^[a-zA-Z]\w{0,62}$/, 'must be a name such as "width"')),
  type: v.picklist(['u32', 'i32', 'f32', 'fixed']),
  label: Line,
  unit: v.optional(Line),
  help: v.optional(Line),
  default: v.union([v.number(), v.string(), v.array(v.number())]),
  min: v.number(),
  max: v.number(),
  length: v.optional(Count),
  fractionBits: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(63))),
  choices: v.optional(v.record(v.string(), v.number())),
})

const Input = v.variant('kind', [
  v.object({ kind: v.literal('none') }),
  v.object({
    kind: v.literal('stream'),
    shape: v.picklist(['image', 'matrix', 'bytes']),
    bytesPerItem: Count,
    halo: v.union([v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(4096)), v.object({ parameter: v.string() })]),
  }),
])

const Manifest = v.object({
  name: Name,
  version: Line,
  title: Line,
  description: Line,
  licence: Line,
  parameters: v.pipe(v.array(Parameter), v.maxLength(64)),
  input: Input,
  space: v.variant('from', [
    v.object({ from: v.literal('parameters'), axes: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(3)) }),
    v.object({ from: v.literal('input') }),
  ]),
  output: v.object({ element: v.picklist(['u32', 'i32', 'f32']), elementsPerItem: Count }),
  reduce: v.picklist(['concat', 'sum', 'min', 'max', 'first']),
  maxChunkItems: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  compare: v.variant('rule', [
    v.object({ rule: v.literal('exact') }),
    v.object({
      rule: v.literal('approx'),
      abs: v.pipe(v.number(), v.minValue(0)),
      rel: v.pipe(v.number(), v.minValue(0)),
      maxBadFraction: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
    }),
  ]),
  preview: v.picklist(['image', 'plot', 'table', 'bytes']),
  fuelPerItem: v.pipe(v.number(), v.minValue(1)),
})

/** A manifest as JSON, to be read and changed by a person. */
export function manifestText(manifest: KernelManifest): string {
  return JSON.stringify(manifest, null, 2)
}

/** The manifest that the text says, or where and why it says none. */
export function readManifest(text: string): { manifest: KernelManifest } | { problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    return { problem: `The manifest is not JSON: ${cause instanceof Error ? cause.message : String(cause)}` }
  }
  const result = v.safeParse(Manifest, value, { abortEarly: true })
  if (result.success) return { manifest: result.output }
  const [issue] = result.issues
  return { problem: `The manifest’s ${v.getDotPath(issue) ?? 'whole'}: ${issue.message}` }
}
