/**
 * The next value with every part that did not change taken from the previous one, so that a view that selects
 * such a part sees the same object again and does not render. Plain data only: objects, arrays and primitives;
 * anything else (a typed array, say) is compared by identity.
 */
export function shareStructure<T>(previous: unknown, next: T): T {
  if (Object.is(previous, next)) return next
  if (Array.isArray(previous) && Array.isArray(next)) return shareArray(previous, next) as T
  if (isPlain(previous) && isPlain(next)) return shareObject(previous, next) as T
  return next
}

function shareArray(previous: readonly unknown[], next: readonly unknown[]): readonly unknown[] {
  const shared = next.map((item, index) => shareStructure(previous[index], item))
  return previous.length === next.length && shared.every((item, index) => Object.is(item, previous[index])) ? previous : shared
}

function shareObject(previous: Record<string, unknown>, next: Record<string, unknown>): Record<string, unknown> {
  const names = Object.keys(next)
  const shared: Record<string, unknown> = {}
  let same = names.length === Object.keys(previous).length
  for (const name of names) {
    shared[name] = shareStructure(previous[name], next[name])
    same &&= Object.hasOwn(previous, name) && Object.is(shared[name], previous[name])
  }
  return same ? previous : shared
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
