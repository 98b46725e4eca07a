/** A deep copy of plain data (objects, arrays, byte strings, scalars): two nodes never share memory. */
export function plainCopy<T>(value: T): T {
  return copy(value) as T
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  // Byte strings are never written to: sharing them is safe and saves most of the work.
  if (value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(copy)
  const out: Record<string, unknown> = {}
  for (const key in value) out[key] = copy((value as Record<string, unknown>)[key])
  return out
}
