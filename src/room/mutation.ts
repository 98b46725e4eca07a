import { equalBytes } from '../domain/bytes.ts'
import { decodeCanonical, encodeCanonical } from '../domain/ids.ts'

/** Reproducible numbers below a bound: a linear congruential generator. */
export function lottery(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Other bytes of canonical DAG-CBOR than they were: one bit, a few bytes, a part left out or doubled, or one field changed. */
export function mutateBytes(bytes: Uint8Array, draw: (below: number) => number): Uint8Array {
  const changed = mutateSomehow(bytes, draw)
  if (!equalBytes(changed, bytes)) return changed
  // By chance it is the old one.
  const copy = bytes.slice()
  copy[draw(copy.length)]! ^= 1
  return copy
}

function mutateSomehow(bytes: Uint8Array, draw: (below: number) => number): Uint8Array {
  const at = draw(bytes.length)
  const copy = bytes.slice()
  switch (draw(6)) {
    case 0:
      copy[at]! ^= 1 << draw(8)
      return copy
    case 1:
      for (let i = 0; i <= draw(8); i++) copy[(at + i) % copy.length]! ^= 1 + draw(255)
      return copy
    case 2:
      return bytes.slice(0, at)
    case 3:
      return new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(draw(at + 1), bytes.length)].concat(at === 0 ? [0] : []))
    default:
      return changeField(bytes, draw)
  }
}

function changeField(bytes: Uint8Array, draw: (below: number) => number): Uint8Array {
  const value = decodeCanonical(bytes)
  changeLeaf(value as Container, draw)
  return encodeCanonical(value)
}

type Container = Record<string, unknown>

/** Gives one field somewhere in the value another value. */
function changeLeaf(value: Container, draw: (below: number) => number): void {
  const names = Object.keys(value)
  const name = names[draw(names.length)]!
  const field = value[name]
  if (typeof field === 'object' && field !== null && !(field instanceof Uint8Array) && Object.keys(field).length > 0)
    changeLeaf(field as Container, draw)
  else value[name] = otherThan(field, draw)
}

/** Another value of the same type, or of another where there is none. */
function otherThan(field: unknown, draw: (below: number) => number): unknown {
  if (typeof field === 'number') return field + 1 + draw(1_000)
  if (typeof field === 'string')
    return field.slice(0, draw(field.length)) + String.fromCharCode(97 + draw(26)) + field.slice(draw(field.length) + 1)
  if (field instanceof Uint8Array && field.length > 0) return field.map((byte, i) => (i === 0 ? byte ^ (1 + draw(255)) : byte))
  return [draw(2), 'x', null, {}, [0]][draw(5)]
}

/**
 * Every copy of a plain value that differs in one place: a number one higher, one bit of bytes, one letter of a text, a
 * truth turned round, a null filled, a field gone or one too many, a list with an item gone, doubled or in another order.
 */
export function* oneChangeEach(value: unknown): Generator<{ place: string; changed: unknown }> {
  const original = encodeCanonical(value)
  for (const { place, change } of changes(value, '')) {
    const changed = decodeCanonical(original)
    change(changed)
    // Two equal neighbours change places without a trace.
    if (!equalBytes(encodeCanonical(changed), original)) yield { place, changed }
  }
}

function* changes(value: unknown, at: string): Generator<{ place: string; change: (root: unknown) => void }> {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  const edit = (edit: (container: Container & unknown[]) => void) => (root: unknown) => edit(inside(root, at) as Container & unknown[])
  if (Array.isArray(value)) {
    for (const i of value.keys()) {
      yield { place: `${at}/${i} gone`, change: edit((list) => list.splice(i, 1)) }
      yield { place: `${at}/${i} twice`, change: edit((list) => list.splice(i, 0, list[i])) }
      if (i > 0) yield { place: `${at}/${i} earlier`, change: edit((list) => list.splice(i - 1, 2, list[i], list[i - 1])) }
    }
  } else {
    for (const name of Object.keys(value)) yield { place: `${at}/${name} gone`, change: edit((fields) => void delete fields[name]) }
    yield { place: `${at}/extra`, change: edit((fields) => void (fields['extra'] = 1)) }
  }
  for (const [name, field] of Object.entries(value)) {
    const place = `${at}/${name}`
    yield* changes(field, place)
    const other = changedLeaf(field)
    if (other !== undefined) yield { place, change: edit((fields) => void (fields[name] = other)) }
  }
}

function inside(root: unknown, path: string): unknown {
  return path
    .split('/')
    .slice(1)
    .reduce((value, name) => (value as Container)[name], root)
}

function changedLeaf(field: unknown): unknown {
  if (typeof field === 'number') return field + 1
  if (typeof field === 'boolean') return !field
  if (typeof field === 'string') return field === '' ? 'x' : field.slice(0, -1) + (field.endsWith('a') ? 'b' : 'a')
  if (field instanceof Uint8Array) return field.map((byte, i) => (i === field.length - 1 ? byte ^ 1 : byte))
  return field === null ? 'x' : undefined
}
