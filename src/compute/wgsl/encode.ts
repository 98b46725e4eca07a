import { CODES, SIMD_CODES } from './opcodes.ts'
import type { Step, Value, ValueType } from './low.ts'

/** Writes WebAssembly's binary format (core specification, chapter 5). */
class Writer {
  #bytes = new Uint8Array(4096)
  length = 0

  byte(...values: number[]): void {
    this.#reserve(values.length)
    for (const value of values) this.#bytes[this.length++] = value
  }

  #reserve(count: number): void {
    if (this.length + count <= this.#bytes.length) return
    const larger = new Uint8Array((this.length + count) * 2)
    larger.set(this.#bytes)
    this.#bytes = larger
  }

  unsigned(value: number): void {
    let rest = value >>> 0
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.byte(rest)
  }

  signed(value: number): void {
    let rest = value | 0
    for (;;) {
      const low = rest & 0x7f
      rest >>= 7
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
        this.byte(low)
        return
      }
      this.byte(low | 0x80)
    }
  }

  bytes(data: Uint8Array): void {
    this.#reserve(data.length)
    this.#bytes.set(data, this.length)
    this.length += data.length
  }

  take(): Uint8Array {
    return this.#bytes.slice(0, this.length)
  }
}

const TYPE_BYTES: Record<ValueType, number> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, v128: 0x7b }
const LOADS: Record<ValueType, [number, number]> = { i32: [0x28, 2], i64: [0x29, 3], f32: [0x2a, 2], v128: [0, 4] }
const STORES: Record<ValueType, [number, number]> = { i32: [0x36, 2], i64: [0x37, 3], f32: [0x38, 2], v128: [0x0b, 4] }
const EMPTY_BLOCK = 0x40
const END = 0x0b

const single = new DataView(new ArrayBuffer(4))

/** One function of a module. */
export interface LowFunction {
  parameters: ValueType[]
  /** Types of the locals after the parameters, in order of their indices. */
  locals: ValueType[]
  body: Step[]
}

export interface ModuleParts {
  functions: LowFunction[]
  minPages: number
  maxPages: number
  data: { at: number; bytes: Uint8Array }[]
}

/** A module without imports that exports `memory` and its first function as `run`; every function's result is an i32. */
export function encodeModule({ functions, minPages, maxPages, data }: ModuleParts): Uint8Array {
  const out = new Writer()
  out.byte(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
  section(out, 1, (body) => {
    body.unsigned(functions.length)
    for (const { parameters } of functions) {
      body.byte(0x60)
      body.unsigned(parameters.length)
      for (const type of parameters) body.byte(TYPE_BYTES[type])
      body.byte(1, TYPE_BYTES.i32)
    }
  })
  section(out, 3, (body) => {
    body.unsigned(functions.length)
    functions.forEach((_, index) => body.unsigned(index))
  })
  section(out, 5, (body) => {
    body.byte(1, 1)
    body.unsigned(minPages)
    body.unsigned(maxPages)
  })
  section(out, 7, (body) => {
    body.byte(2)
    name(body, 'memory')
    body.byte(2, 0)
    name(body, 'run')
    body.byte(0, 0)
  })
  section(out, 10, (body) => {
    body.unsigned(functions.length)
    for (const fn of functions) {
      const code = functionBody(fn)
      body.unsigned(code.length)
      body.bytes(code)
    }
  })
  if (data.length > 0) {
    section(out, 11, (body) => {
      body.unsigned(data.length)
      for (const { at, bytes } of data) {
        body.byte(0, 0x41)
        body.signed(at)
        body.byte(END)
        body.unsigned(bytes.length)
        body.bytes(bytes)
      }
    })
  }
  return out.take()
}

function section(out: Writer, id: number, fill: (body: Writer) => void): void {
  const body = new Writer()
  fill(body)
  out.byte(id)
  out.unsigned(body.length)
  out.bytes(body.take())
}

function name(out: Writer, text: string): void {
  const bytes = new TextEncoder().encode(text)
  out.unsigned(bytes.length)
  out.bytes(bytes)
}

function functionBody(fn: LowFunction): Uint8Array {
  const out = new Writer()
  const runs: [number, ValueType][] = []
  for (const type of fn.locals) {
    const last = runs.at(-1)
    if (last !== undefined && last[1] === type) last[0]++
    else runs.push([1, type])
  }
  out.unsigned(runs.length)
  for (const [count, type] of runs) {
    out.unsigned(count)
    out.byte(TYPE_BYTES[type])
  }
  steps(out, fn.body, [])
  // Every path leaves by an exit step; the verifier needs a value at the end all the same.
  out.byte(0x00, END)
  return out.take()
}

function steps(out: Writer, body: Step[], labels: number[]): void {
  for (const step of body) writeStep(out, step, labels)
}

function writeStep(out: Writer, step: Step, labels: number[]): void {
  switch (step.kind) {
    case 'set':
      writeValue(out, step.value)
      out.byte(0x21)
      out.unsigned(step.local)
      return
    case 'store': {
      writeValue(out, step.address)
      writeValue(out, step.value)
      const [code, align] = STORES[step.type]
      if (step.type === 'v128') out.byte(0xfd)
      out.byte(code)
      out.unsigned(align)
      out.unsigned(step.offset)
      return
    }
    case 'copy':
      for (const value of [step.to, step.from]) writeValue(out, value)
      out.byte(0x41)
      out.signed(step.bytes)
      out.byte(0xfc, 0x0a, 0, 0)
      return
    case 'fill':
      writeValue(out, step.to)
      out.byte(0x41, 0, 0x41)
      out.signed(step.bytes)
      out.byte(0xfc, 0x0b, 0)
      return
    case 'if':
      writeValue(out, step.condition)
      out.byte(0x04, EMPTY_BLOCK)
      steps(out, step.then, [-1, ...labels])
      if (step.else.length > 0) {
        out.byte(0x05)
        steps(out, step.else, [-1, ...labels])
      }
      out.byte(END)
      return
    case 'block':
    case 'loop':
      out.byte(step.kind === 'block' ? 0x02 : 0x03, EMPTY_BLOCK)
      steps(out, step.body, [step.label, ...labels])
      out.byte(END)
      return
    case 'branch':
      if (step.condition !== null) writeValue(out, step.condition)
      out.byte(step.condition === null ? 0x0c : 0x0d)
      out.unsigned(labels.indexOf(step.label))
      return
    case 'call':
      for (const arg of step.args) writeValue(out, arg)
      out.byte(0x10)
      out.unsigned(step.target)
      out.byte(0x21)
      out.unsigned(step.result)
      return
    case 'exit':
      writeValue(out, step.value)
      out.byte(0x0f)
  }
}

function writeValue(out: Writer, value: Value): void {
  switch (value.kind) {
    case 'constant':
      writeConstant(out, value.type, value.value)
      return
    case 'get':
      out.byte(0x20)
      out.unsigned(value.local)
      return
    case 'load': {
      writeValue(out, value.address)
      const [code, align] = LOADS[value.type]
      if (value.type === 'v128') out.byte(0xfd)
      out.byte(code)
      out.unsigned(align)
      out.unsigned(value.offset)
      return
    }
    case 'vector':
      out.byte(0xfd, 0x0c)
      for (const lane of value.lanes) out.byte(lane & 0xff, (lane >> 8) & 0xff, (lane >> 16) & 0xff, (lane >> 24) & 0xff)
      return
    case 'simd':
      for (const operand of value.operands) writeValue(out, operand)
      out.byte(0xfd)
      out.unsigned(SIMD_CODES[value.code])
      out.byte(...value.bytes)
      return
    case 'operation': {
      for (const operand of value.operands) writeValue(out, operand)
      const code = CODES[value.code]
      if (code > 0xff) {
        out.byte(code >> 8)
        out.unsigned(code & 0xff)
      } else out.byte(code)
    }
  }
}

function writeConstant(out: Writer, type: ValueType, value: number): void {
  if (type === 'f32') {
    out.byte(0x43)
    single.setFloat32(0, value, true)
    for (let at = 0; at < 4; at++) out.byte(single.getUint8(at))
    return
  }
  out.byte(type === 'i64' ? 0x42 : 0x41)
  out.signed(value)
}
