import type { Fn, Local } from './ir.ts'
import type { Type } from './types.ts'

/** Names that cannot collide with anything a browser knows. */
export class Names {
  readonly #locals = new Map<Local, string>()
  readonly #functions = new Map<Fn, string>()
  readonly #structs = new Map<string, string>()

  local(local: Local): string {
    return remember(this.#locals, local, 'v')
  }

  fn(fn: Fn): string {
    return remember(this.#functions, fn, 'f')
  }

  struct(name: string): string {
    return remember(this.#structs, name, 'S')
  }

  type(type: Type): string {
    switch (type.kind) {
      case 'scalar':
        return type.name
      case 'vector':
        return `vec${type.size}<${type.element}>`
      case 'array':
        return `array<${this.type(type.element)}, ${type.length}>`
      case 'struct':
        return this.struct(type.name)
    }
  }
}

function remember<K>(names: Map<K, string>, key: K, letter: string): string {
  let name = names.get(key)
  if (name === undefined) names.set(key, (name = `${letter}${names.size}_`))
  return name
}
