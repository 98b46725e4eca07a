import type { KernelManifest } from '../../domain/kernel.ts'
import { MAX_ITEM_FUEL } from '../limits.ts'
import type { Program } from './ir.ts'

/** Invocations of a workgroup. */
export const WORKGROUP_SIZE = 64
/** Accumulators of a fold: each takes one share of the items of every dispatch. */
export const FOLD_LANES = 256

/** Words of the task buffer, in this order. */
export const GPU_TASK_WORDS = [
  'originX',
  'originY',
  'originZ',
  'sizeX',
  'sizeY',
  'tileWidth',
  'tileHeight',
  'halo',
  'inputLast',
  'first',
  'count',
  'sizeZ',
] as const
export type GpuTaskWord = (typeof GPU_TASK_WORDS)[number]

export function taskWord(word: GpuTaskWord): string {
  return `task_[${GPU_TASK_WORDS.indexOf(word)}]`
}

/** Words of the status buffer: fuel low, fuel high, 1 when an item ran out of fuel. */
export const STATUS_WORDS = 4

/** Words of one accumulator: whether it holds an item, that item's number, its result. */
export function foldStride(resultWords: number): number {
  return resultWords + 2
}

/** Bindings and the helpers that every kernel may use. */
export const BINDINGS = `
@group(0) @binding(0) var<storage, read> task_: array<u32>;
@group(0) @binding(1) var<storage, read> constants_: array<u32>;
@group(0) @binding(2) var<storage, read> input_: array<u32>;
@group(0) @binding(3) var<storage, read_write> output_: array<u32>;
@group(0) @binding(4) var<storage, read_write> status_: array<atomic<u32>>;
var<private> spent_: u32;
var<private> overrun_: bool;
var<workgroup> fuel_: atomic<u32>;
`

/** Wide products by four 16-bit ones, which WGSL has no instruction for. */
export const HELPERS = `
fn multiplyHigh_u32(a: u32, b: u32) -> u32 {
  let al = a & 0xffffu; let ah = a >> 16u;
  let bl = b & 0xffffu; let bh = b >> 16u;
  let low = al * bl; let cross1 = ah * bl; let cross2 = al * bh;
  let middle = (low >> 16u) + (cross1 & 0xffffu) + (cross2 & 0xffffu);
  return ah * bh + (cross1 >> 16u) + (cross2 >> 16u) + (middle >> 16u);
}
fn multiplyHigh_i32(a: i32, b: i32) -> i32 {
  let ua = bitcast<u32>(a); let ub = bitcast<u32>(b);
  return bitcast<i32>(multiplyHigh_u32(ua, ub) - select(0u, ub, a < 0i) - select(0u, ua, b < 0i));
}
fn multiplyFixed_(a: i32, b: i32, bits: u32) -> i32 {
  let low = bitcast<u32>(a * b);
  if (bits == 0u) { return bitcast<i32>(low); }
  return bitcast<i32>((bitcast<u32>(multiplyHigh_i32(a, b)) << ((32u - bits) & 31u)) | (low >> (bits & 31u)));
}
fn pack_(v: vec4<u32>) -> u32 {
  return (v.x & 255u) | ((v.y & 255u) << 8u) | ((v.z & 255u) << 16u) | ((v.w & 255u) << 24u);
}
fn unpack_(v: u32) -> vec4<u32> {
  return vec4<u32>(v & 255u, (v >> 8u) & 255u, (v >> 16u) & 255u, v >> 24u);
}
fn bits_(v: f32) -> u32 {
  let word = bitcast<u32>(v);
  return select(word, 0x7fc00000u, (word & 0x7fffffffu) > 0x7f800000u);
}
`

/** Statement that begins a round of a loop: one unit of fuel, and the way out when there is none left. */
export const ROUND = `if (spent_ >= ${MAX_ITEM_FUEL}u) { overrun_ = true; break; } spent_ += 1u;`

/** The entry point around the kernel function called `kernel`; `words` are the expressions of the result `r`. */
export function entryPoint(program: Program, manifest: KernelManifest, kernel: string, words: string[]): string {
  const stride = program.resultWords
  const stores = words.map((word, index) => `    output_[at + ${index}u] = ${word};`).join('\n')
  // A fold writes items from the start of the scratch buffer again with every dispatch.
  const place = manifest.reduce === 'concat' ? 'n' : 'global.x'
  return `
@compute @workgroup_size(${WORKGROUP_SIZE})
fn main(@builtin(global_invocation_id) global: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  if (global.x < ${taskWord('count')}) {
    let n = ${taskWord('first')} + global.x;
    let line = n / ${taskWord('sizeX')};
    let id = vec3<u32>(${taskWord('originX')} + n % ${taskWord('sizeX')}, ${taskWord('originY')} + line % ${taskWord('sizeY')}, ${taskWord('originZ')} + line / ${taskWord('sizeY')});
    let r = ${kernel}(id);
    let at = ${place} * ${stride}u;
${stores}
    if (overrun_) { atomicStore(&status_[2], 1u); }
    atomicAdd(&fuel_, spent_ + 1u);
  }
  workgroupBarrier();
  if (local == 0u) {
    let total = atomicLoad(&fuel_);
    let before = atomicAdd(&status_[0], total);
    if (before + total < before) { atomicAdd(&status_[1], 1u); }
  }
}
`
}

/** A second module that folds the items of one dispatch into {@link FOLD_LANES} accumulators. */
export function foldModule(manifest: KernelManifest, resultWords: number): string {
  const { element } = manifest.output
  const stride = foldStride(resultWords)
  const read = (array: string, index: string): string =>
    element === 'u32' ? `${array}[${index}]` : `bitcast<${element}>(${array}[${index}])`
  const sums = Array.from({ length: resultWords }, (_, k) => {
    const sum = `${read('partial_', `slot + ${k + 2}u`)} + ${read('items_', `item + ${k}u`)}`
    return `      partial_[slot + ${k + 2}u] = ${element === 'u32' ? sum : `bitcast<u32>(${sum})`};`
  })
  const copies = Array.from({ length: resultWords }, (_, k) => `      partial_[slot + ${k + 2}u] = items_[item + ${k}u];`)
  const key = read('items_', 'item')
  const best = read('partial_', 'slot + 2u')
  const wanted = {
    first: `partial_[slot] == 0u && ${key} != ${element}(0)`,
    min: `partial_[slot] == 0u || ${key} < ${best}`,
    max: `partial_[slot] == 0u || ${key} > ${best}`,
    sum: 'true',
    concat: 'false',
  }[manifest.reduce]
  const body = manifest.reduce === 'sum' ? sums : [...copies, '      partial_[slot + 1u] = task_[9] + k;']
  return `
@group(0) @binding(0) var<storage, read> task_: array<u32>;
@group(0) @binding(1) var<storage, read> items_: array<u32>;
@group(0) @binding(2) var<storage, read_write> partial_: array<u32>;
@compute @workgroup_size(${WORKGROUP_SIZE})
fn main(@builtin(global_invocation_id) global: vec3<u32>) {
  let count = task_[10];
  let share = (count + ${FOLD_LANES - 1}u) / ${FOLD_LANES}u;
  let slot = global.x * ${stride}u;
  let end = min(count, (global.x + 1u) * share);
  for (var k = global.x * share; k < end; k++) {
    let item = k * ${resultWords}u;
    if (${wanted}) {
${body.join('\n')}
      partial_[slot] = 1u;
    }
  }
}
`
}
