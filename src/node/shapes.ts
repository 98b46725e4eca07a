import * as v from 'valibot'
import type { Job } from '../domain/job.ts'
import type { KernelManifest } from '../domain/kernel.ts'
import { MAX_PARAMETER_LENGTH } from '../domain/parameters.ts'
import { MAX_TITLE_LENGTH } from '../domain/record-check.ts'

/** Most parameters of a kernel. */
const MAX_PARAMETERS = 64
/** Most bytes of one item of an input stream. */
const MAX_ITEM_BYTES = 4096
/** Longest text of a manifest, characters. */
const MAX_LINE = 500
/** Longest name of a column, characters. */
const MAX_COLUMN = 60
/** Most blocks of an input stream. */
const MAX_INPUT_BLOCKS = 1_000_000

const Name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens'))
const Line = v.pipe(v.string(), v.maxLength(MAX_LINE))
const Number_ = v.pipe(v.number(), v.finite())
const Whole = v.pipe(v.number(), v.safeInteger())
const Count = v.pipe(Whole, v.minValue(1))
const upTo = (most: number) => v.pipe(Count, v.maxValue(most))
const Extent = v.tuple([Count, Count, Count])

const Parameter = v.object({
  name: v.pipe(v.string(), v.regex(/^[a-zA-Z]\w{0,62}$/, 'must be a name such as "width"')),
  type: v.picklist(['u32', 'i32', 'f32', 'fixed']),
  label: Line,
  unit: v.optional(Line),
  help: v.optional(Line),
  default: v.union([Number_, Line, v.pipe(v.array(Number_), v.maxLength(MAX_PARAMETER_LENGTH))]),
  min: Number_,
  max: Number_,
  length: v.optional(upTo(MAX_PARAMETER_LENGTH)),
  fractionBits: v.optional(v.pipe(Whole, v.minValue(0), v.maxValue(63))),
  choices: v.optional(v.record(v.string(), Number_)),
})

const Input = v.variant('kind', [
  v.object({ kind: v.literal('none') }),
  v.object({
    kind: v.literal('stream'),
    shape: v.picklist(['image', 'matrix', 'bytes']),
    bytesPerItem: upTo(MAX_ITEM_BYTES),
    halo: v.union([v.pipe(Whole, v.minValue(0), v.maxValue(1024)), v.object({ parameter: v.string() })]),
  }),
])

const Output = v.pipe(
  v.object({
    element: v.picklist(['u32', 'i32', 'f32']),
    elementsPerItem: upTo(4096),
    columns: v.optional(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_COLUMN)))),
  }),
  v.check(
    ({ columns, elementsPerItem }) => columns === undefined || columns.length === elementsPerItem,
    'columns must be as many as elementsPerItem',
  ),
)

const Manifest = v.object({
  name: Name,
  version: Line,
  title: Line,
  description: Line,
  licence: Line,
  parameters: v.pipe(v.array(Parameter), v.maxLength(MAX_PARAMETERS)),
  input: Input,
  space: v.variant('from', [
    v.object({ from: v.literal('parameters'), axes: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(3)) }),
    v.object({ from: v.literal('input') }),
  ]),
  output: Output,
  reduce: v.picklist(['concat', 'sum', 'min', 'max', 'first']),
  maxChunkItems: v.optional(Count),
  compare: v.variant('rule', [
    v.object({ rule: v.literal('exact') }),
    v.object({
      rule: v.literal('approx'),
      abs: v.pipe(Number_, v.minValue(0)),
      rel: v.pipe(Number_, v.minValue(0)),
      maxBadFraction: v.pipe(Number_, v.minValue(0), v.maxValue(1)),
    }),
  ]),
  preview: v.picklist(['image', 'plot', 'table', 'bytes']),
  fuelPerItem: v.pipe(Number_, v.minValue(1)),
})

const KernelShape = v.object({ manifest: Manifest, source: v.string() })

const JobShape = v.object({
  version: v.literal(1),
  title: v.pipe(v.string(), v.maxLength(MAX_TITLE_LENGTH)),
  kernel: v.string(),
  parameters: v.record(
    v.string(),
    v.union([Number_, v.pipe(v.string(), v.maxLength(MAX_LINE)), v.pipe(v.array(Number_), v.maxLength(MAX_PARAMETER_LENGTH))]),
  ),
  input: v.nullable(
    v.object({
      blocks: v.pipe(v.array(v.string()), v.maxLength(MAX_INPUT_BLOCKS)),
      blockBytes: Count,
      length: Count,
      width: Count,
      height: Count,
      name: v.pipe(v.string(), v.maxLength(MAX_LINE)),
    }),
  ),
  space: Extent,
  plan: v.object({
    chunk: Extent,
    chunksPerMicrojob: Count,
    microjobsPerBlock: Count,
    capacity: Count,
    deadlineMs: Count,
    epsilon: v.pipe(Number_, v.minValue(0), v.maxValue(1)),
  }),
  requester: v.string(),
  createdAt: Number_,
  nonce: v.pipe(v.string(), v.maxLength(MAX_LINE)),
})

/** What is wrong with a value that should be a manifest, by its field; or the manifest, with what is unknown left out. */
export function readManifestValue(value: unknown): { manifest: KernelManifest } | { fault: string } {
  const result = v.safeParse(Manifest, value, { abortEarly: true })
  return result.success ? { manifest: result.output } : { fault: faultOf(result.issues) }
}

/** Why a value is no kernel, by its field; null when it is one. Says nothing about its source. */
export function kernelFault(value: unknown): string | null {
  const result = v.safeParse(KernelShape, value, { abortEarly: true })
  return result.success ? null : faultOf(result.issues)
}

/** Why a value is no job, by its field; null when it has the shape of one. `checkJob` says whether its figures fit together. */
export function jobFault(value: unknown): string | null {
  const result = v.safeParse(JobShape, value, { abortEarly: true })
  return result.success ? null : faultOf(result.issues)
}

function faultOf([issue]: [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  return `${v.getDotPath(issue) ?? 'whole'}: ${issue.message}`
}

// A field that a type gains and its shape lacks would be dropped, or let through unchecked: the compiler tells.
type Same<A, B> = [A, B] extends [B, A] ? true : never
const _shapesFit: [Same<v.InferOutput<typeof JobShape>, Job>, Same<v.InferOutput<typeof Manifest>, KernelManifest>] = [true, true]
void _shapesFit
