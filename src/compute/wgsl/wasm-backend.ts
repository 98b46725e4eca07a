import type { KernelManifest } from '../../domain/kernel.ts'
import { KernelError } from '../errors.ts'
import { MAX_ITEM_FUEL, MAX_MEMORY_BYTES } from '../limits.ts'
import { Emitter } from './emitter.ts'
import { encodeModule } from './encode.ts'
import type { LowFunction } from './encode.ts'
import type { Program } from './ir.ts'
import { FOLD_ADDRESS, FUEL_ADDRESS, PARAMETERS_ADDRESS, RUN_DONE, RUN_OUT_OF_FUEL, taskAddress } from './layout.ts'
import type { TaskWord } from './layout.ts'
import { Lowering } from './lower.ts'
import { floatBits } from './lower-builtin.ts'
import { constant, get, int, operation } from './low.ts'
import type { Step, Value, ValueType } from './low.ts'
import { Tables } from './tables.ts'
import { LANES } from './vector-value.ts'
import { NotVectorisable } from './spread.ts'
import { vectorise } from './vectorise.ts'
import type { ScalarItem } from './vectorise.ts'
import type { ScalarName } from './types.ts'

const PAGE = 65_536
/** Steps and locals of one compiled function: beyond this, engines take too long to compile it. */
const MAX_LOCALS = 20_000
/** Kernels with more registers than this are compiled for one item at a time only. */
const MAX_VECTOR_LOCALS = 2_000
const MAX_CODE_BYTES = 1024 * 1024

/** A kernel as WebAssembly. `run(first, count)` computes items of the task and adds to fuel, fold and output. */
export interface CompiledKernel {
  bytes: Uint8Array
  /** First byte that the host may use for input and output. */
  heap: number
  maxPages: number
  resultWords: number
  parameterWords: number
}

export interface WasmOptions {
  /** Counts loop iterations and stops an item that has too many. Only a benchmark has a reason to leave it out. @default true */
  metered?: boolean
  /** Computes four items at a time where they go the same way. @default true */
  vector?: boolean
}

/** Compiles a checked kernel. Throws `KernelError` when it grows too large on the way. */
export function compileToWasm(program: Program, manifest: KernelManifest, options: WasmOptions = {}): CompiledKernel {
  const parameterWords = program.parameters.reduce((sum, slot) => sum + (slot.length ?? 1), 0)
  const tablesAt = align(PARAMETERS_ADDRESS + parameterWords * 4)
  const tables = new Tables(tablesAt)
  const wanted = options.vector !== false
  const lower = (memory: number, reuse: boolean) => lowerItem(program, manifest, tables, memory, { ...options, reuse })
  // A local that serves twice would seem to differ between items wherever one of its uses does.
  let item = lower(tablesAt, !wanted)
  const vector = wanted && (fewLocals(item) || fewLocals(lower(tablesAt, true)))
  // Tables are found while lowering, and variables in memory lie behind them: those need a second pass.
  const variablesAt = align(tablesAt + tables.length * 4)
  if (item.memoryTop > tablesAt || vector !== wanted) item = lower(variablesAt, !vector)
  if (item.fn.locals.length > MAX_LOCALS) {
    throw new KernelError(
      `the kernel needs ${item.fn.locals.length} registers; ${MAX_LOCALS} are possible`,
      1,
      1,
      'use fewer or smaller variables and calls',
    )
  }
  const four = vector ? fourItems(item.scalar, manifest) : null
  const heap = align(Math.max(item.memoryTop, variablesAt))
  const maxPages = MAX_MEMORY_BYTES / PAGE
  const bytes = encodeModule({
    functions: [lowerRun(program, manifest, four !== null), item.fn, ...(four === null ? [] : [four])],
    minPages: Math.ceil(heap / PAGE),
    maxPages,
    data: tables.length === 0 ? [] : [{ at: tablesAt, bytes: tables.bytes() }],
  })
  if (bytes.length > MAX_CODE_BYTES) {
    throw new KernelError(`the kernel compiles to ${bytes.length} bytes; ${MAX_CODE_BYTES} are possible`, 1, 1, 'call less, loop more')
  }
  return { bytes, heap, maxPages, resultWords: program.resultWords, parameterWords }
}

function fewLocals(item: { fn: LowFunction }): boolean {
  return item.fn.locals.length <= MAX_VECTOR_LOCALS
}

function align(address: number): number {
  return (address + 15) & ~15
}

/** Index of the function of one item in the module. */
const ITEM = 1

/**
 * The function of one item: its index and the address of its result in; the fuel it spent out.
 * It stands apart from the loop over the items, so that the loop's own variables take no register from it.
 */
function lowerItem(
  program: Program,
  manifest: KernelManifest,
  tables: Tables,
  memory: number,
  options: WasmOptions & { reuse: boolean },
): { fn: LowFunction; scalar: ScalarItem; memoryTop: number } {
  const parameters: ValueType[] = ['i32', 'i32', 'i32', 'i32']
  const emitter = new Emitter(parameters, memory, options.reuse)
  const hoisted = new Hoisted(emitter)
  const fuel = emitter.local('i32')
  const lowering = new Lowering(
    emitter,
    tables,
    options.metered === false ? null : fuel,
    (word) => hoisted.word('i32', taskAddress(word)),
    (offset, element) => hoisted.parameter(offset, element),
  )
  let result: Value[] = []
  const steps = emitter.capture(() => {
    emitter.set(fuel, int(MAX_ITEM_FUEL))
    const id = [0, 1, 2].map((axis) => get('i32', axis))
    result = lowering.inline(program.kernel, [{ kind: 'values', values: id }])
  })
  const core = [...hoisted.steps, ...steps]
  const scalar = { parameters, locals: emitter.declared, core, result, fuel }
  const stored = emitter.capture(() => {
    storeResult(emitter, manifest, result, OUTPUT)
    emitter.emit(spentExit())
  })
  return { fn: { parameters, locals: emitter.declared, body: [...core, ...stored] }, scalar, memoryTop: emitter.memoryTop }
}

/** The function of an item is called with x, y, z and the address of its result; its first own local is the fuel. */
const OUTPUT = 3
const FUEL = 4

function spentExit(): Step {
  return { kind: 'exit', value: operation('i32.sub', int(MAX_ITEM_FUEL + 1), get('i32', FUEL)) }
}

/** The function of four neighbours, or null for a kernel that does not lend itself to it. */
function fourItems(item: ScalarItem, manifest: KernelManifest): LowFunction | null {
  try {
    return vectorise(item, (emitter, lanes, whole) => {
      if (manifest.reduce === 'concat' && whole.length === 1 && lanes[0]![0]!.type === 'i32') {
        emitter.emit({ kind: 'store', type: 'v128', address: get('i32', OUTPUT), offset: 0, value: whole[0]! })
      } else {
        for (const lane of lanes) {
          emitter.openScope()
          storeResult(
            emitter,
            manifest,
            lane.map((value) => emitter.fresh(value)),
            OUTPUT,
          )
          emitter.closeScope()
          if (manifest.reduce === 'concat') emitter.set(OUTPUT, operation('i32.add', get('i32', OUTPUT), int(lane.length * 4)))
        }
      }
      emitter.emit(spentExit())
    })
  } catch (error) {
    if (error instanceof NotVectorisable) return null
    throw error
  }
}

/** The function that goes through items `first` to `first + count - 1` of the task. */
function lowerRun(program: Program, manifest: KernelManifest, vector: boolean): LowFunction {
  const parameters: ValueType[] = ['i32', 'i32']
  const emitter = new Emitter(parameters, 0)
  const [first, count] = [get('i32', 0), get('i32', 1)]
  const hoisted = new Hoisted(emitter)
  const task = (word: TaskWord): Value => hoisted.word('i32', taskAddress(word))
  const [x, y, z, left] = [emitter.local('i32'), emitter.local('i32'), emitter.local('i32'), emitter.local('i32')]
  const [output, spent] = [emitter.local('i32'), emitter.local('i32')]
  const [total, credit] = [emitter.local('i64'), emitter.local('i32')]
  const stride = manifest.reduce === 'concat' ? program.resultWords * 4 : 0
  const body = emitter.capture(() => {
    const line = operation('i32.div_u', first, task('sizeX'))
    emitter.set(x, operation('i32.add', operation('i32.rem_u', first, task('sizeX')), task('originX')))
    emitter.set(y, operation('i32.add', operation('i32.rem_u', line, task('sizeY')), task('originY')))
    emitter.set(z, operation('i32.add', operation('i32.div_u', line, task('sizeY')), task('originZ')))
    emitter.set(left, count)
    if (vector) emitter.set(credit, int(VECTOR_CREDIT))
    emitter.set(output, operation('i32.add', task('outputAddress'), operation('i32.mul', first, int(stride))))
    const [done, next] = [emitter.label(), emitter.label()]
    const item = emitter.capture(() => {
      emitter.emit({ kind: 'branch', label: done, condition: operation('i32.eqz', get('i32', left)) })
      if (vector) emitter.emit(attemptFour(emitter, task, { x, y, z, left, output, spent, total, credit, next, stride }))
      emitter.emit({ kind: 'call', target: ITEM, args: [x, y, z, output].map((local) => get('i32', local)), result: spent })
      const failed = operation('i32.lt_s', get('i32', spent), int(0))
      emitter.emit({ kind: 'if', condition: failed, then: [{ kind: 'exit', value: int(RUN_OUT_OF_FUEL) }], else: [] })
      emitter.set(total, operation('i64.add', get('i64', total), operation('i64.extend_i32_u', get('i32', spent))))
      if (stride > 0) emitter.set(output, operation('i32.add', get('i32', output), int(stride)))
      advance(emitter, task, { x, y, z, left }, 1)
      emitter.emit({ kind: 'branch', label: next, condition: null })
    })
    emitter.emit({ kind: 'block', label: done, body: [{ kind: 'loop', label: next, body: item }] })
    const before: Value = { kind: 'load', type: 'i64', address: int(0), offset: FUEL_ADDRESS }
    emitter.emit({
      kind: 'store',
      type: 'i64',
      address: int(0),
      offset: FUEL_ADDRESS,
      value: operation('i64.add', before, get('i64', total)),
    })
    emitter.emit({ kind: 'exit', value: int(RUN_DONE) })
  })
  return { parameters, locals: emitter.declared, body: [...hoisted.steps, ...body] }
}

/** Index of the function of four items. */
const FOUR = 2
/** Disagreements among neighbours that a run forgives before it goes on one by one; agreement earns it back. */
const VECTOR_CREDIT = 64
const VECTOR_FINE = 8

interface RunLocals {
  x: number
  y: number
  z: number
  left: number
  output: number
  spent: number
  total: number
  credit: number
  next: number
  stride: number
}

/** Four items at once, where four are left in the line and neighbours have mostly agreed so far. */
function attemptFour(emitter: Emitter, task: (word: TaskWord) => Value, at: RunLocals): Step {
  const { x, y, z, left, output, spent, total, credit, next, stride } = at
  const lineEnd = operation('i32.sub', task('sizeX'), operation('i32.sub', get('i32', x), task('originX')))
  const room = operation('i32.and', operation('i32.ge_u', get('i32', left), int(LANES)), operation('i32.ge_u', lineEnd, int(LANES)))
  const wanted = operation('i32.and', room, operation('i32.gt_s', get('i32', credit), int(0)))
  const agreed = emitter.capture(() => {
    const fuel = operation('i32.mul', get('i32', spent), int(LANES))
    emitter.set(total, operation('i64.add', get('i64', total), operation('i64.extend_i32_u', fuel)))
    if (stride > 0) emitter.set(output, operation('i32.add', get('i32', output), int(stride * LANES)))
    const more = operation('i32.add', get('i32', credit), int(1))
    emitter.set(credit, operation('select', more, int(VECTOR_CREDIT), operation('i32.lt_s', more, int(VECTOR_CREDIT))))
    advance(emitter, task, { x, y, z, left }, LANES)
    emitter.emit({ kind: 'branch', label: next, condition: null })
  })
  const then = emitter.capture(() => {
    emitter.emit({ kind: 'call', target: FOUR, args: [x, y, z, output].map((local) => get('i32', local)), result: spent })
    emitter.emit({ kind: 'if', condition: operation('i32.ge_s', get('i32', spent), int(0)), then: agreed, else: [] })
    // Fuel that is gone shows again, and is told, when the items are computed one by one.
    emitter.set(credit, operation('i32.sub', get('i32', credit), int(VECTOR_FINE)))
  })
  return { kind: 'if', condition: wanted, then, else: [] }
}

/** Task words and parameters, loaded once at the start of a run; only those that are used. */
class Hoisted {
  readonly steps: Step[] = []
  readonly #emitter: Emitter
  readonly #known = new Map<number, Value>()

  constructor(emitter: Emitter) {
    this.#emitter = emitter
  }

  word(type: 'i32' | 'f32', address: number): Value {
    const known = this.#known.get(address)
    if (known !== undefined) return known
    // Never given back to a scope: it must hold its value during the whole run.
    const local = this.#emitter.localTypes.push(type) - 1
    this.steps.push({ kind: 'set', local, value: { kind: 'load', type, address: int(0), offset: address } })
    const value = get(type, local)
    this.#known.set(address, value)
    return value
  }

  parameter(offset: number, element: ScalarName): Value {
    return this.word(element === 'f32' ? 'f32' : 'i32', PARAMETERS_ADDRESS + offset * 4)
  }
}

function advance(
  emitter: Emitter,
  task: (word: TaskWord) => Value,
  at: { x: number; y: number; z: number; left: number },
  items: number,
): void {
  const step = (local: number, by: number) => ({ kind: 'set' as const, local, value: operation('i32.add', get('i32', local), int(by)) })
  const past = (local: number, origin: TaskWord, size: TaskWord) =>
    operation('i32.ge_u', operation('i32.sub', get('i32', local), task(origin)), task(size))
  emitter.emit(step(at.left, -items))
  emitter.emit(step(at.x, items))
  const plane: Step[] = [{ kind: 'set', local: at.y, value: task('originY') }, step(at.z, 1)]
  const line: Step[] = [
    { kind: 'set', local: at.x, value: task('originX') },
    step(at.y, 1),
    { kind: 'if', condition: past(at.y, 'originY', 'sizeY'), then: plane, else: [] },
  ]
  emitter.emit({ kind: 'if', condition: past(at.x, 'originX', 'sizeX'), then: line, else: [] })
}

/** Puts an item's result where the manifest's reduce rule wants it. */
function storeResult(emitter: Emitter, manifest: KernelManifest, result: Value[], output: number): void {
  const address = get('i32', output)
  const store = (value: Value, index: number): Step => {
    const word = value.type === 'f32' ? floatBits(emitter, value) : value
    return { kind: 'store', type: 'i32', address, offset: index * 4, value: word }
  }
  const kept = (index: number): Value => ({ kind: 'load', type: result[index]!.type, address, offset: index * 4 })
  switch (manifest.reduce) {
    case 'concat':
      result.forEach((value, index) => emitter.emit(store(value, index)))
      return
    case 'sum':
      result.forEach((value, index) =>
        emitter.emit(store(operation(value.type === 'f32' ? 'f32.add' : 'i32.add', kept(index), value), index)),
      )
      return
    default: {
      const taken = result.map((value) => emitter.pin(value))
      const has: Value = { kind: 'load', type: 'i32', address: int(0), offset: FOLD_ADDRESS }
      const better = betterThan(manifest, taken[0]!, kept(0))
      const then = emitter.capture(() => {
        taken.forEach((value, index) => emitter.emit(store(value, index)))
        emitter.emit({ kind: 'store', type: 'i32', address: int(0), offset: FOLD_ADDRESS, value: int(1) })
      })
      const wanted =
        manifest.reduce === 'first'
          ? operation('i32.and', better, operation('i32.eqz', has))
          : operation('i32.or', operation('i32.eqz', has), better)
      emitter.emit({ kind: 'if', condition: wanted, then, else: [] })
    }
  }
}

/** The first element decides; of equal ones the lowest index stays. */
function betterThan(manifest: KernelManifest, key: Value, best: Value): Value {
  if (manifest.reduce === 'first')
    return key.type === 'f32' ? operation('f32.ne', key, constant('f32', 0)) : operation('i32.ne', key, int(0))
  const less = manifest.reduce === 'min'
  if (key.type === 'f32') return operation(less ? 'f32.lt' : 'f32.gt', key, best)
  const sign = manifest.output.element === 'i32' ? 's' : 'u'
  return operation(`i32.${less ? 'lt' : 'gt'}_${sign}`, key, best)
}
