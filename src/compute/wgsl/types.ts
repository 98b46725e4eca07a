/** `abstractInt` and `abstractFloat` are the types of literals without suffix: they exist only while checking. */
export type ScalarName = 'bool' | 'i32' | 'u32' | 'f32' | 'abstractInt' | 'abstractFloat'

export interface ScalarType {
  kind: 'scalar'
  name: ScalarName
}
export interface VectorType {
  kind: 'vector'
  size: number
  element: ScalarName
}
export interface ArrayType {
  kind: 'array'
  element: Type
  length: number
}
export interface StructType {
  kind: 'struct'
  name: string
  members: { name: string; type: Type }[]
}
export type Type = ScalarType | VectorType | ArrayType | StructType

export const BOOL: ScalarType = { kind: 'scalar', name: 'bool' }
export const I32: ScalarType = { kind: 'scalar', name: 'i32' }
export const U32: ScalarType = { kind: 'scalar', name: 'u32' }
export const F32: ScalarType = { kind: 'scalar', name: 'f32' }
export const ABSTRACT_INT: ScalarType = { kind: 'scalar', name: 'abstractInt' }
export const ABSTRACT_FLOAT: ScalarType = { kind: 'scalar', name: 'abstractFloat' }

export function vector(size: number, element: ScalarName): VectorType {
  return { kind: 'vector', size, element }
}

/** The type as an author writes it. */
export function typeName(type: Type): string {
  switch (type.kind) {
    case 'scalar':
      return type.name === 'abstractInt' ? 'integer constant' : type.name === 'abstractFloat' ? 'float constant' : type.name
    case 'vector':
      return `vec${type.size}<${typeName({ kind: 'scalar', name: type.element })}>`
    case 'array':
      return `array<${typeName(type.element)}, ${type.length}>`
    case 'struct':
      return type.name
  }
}

export function sameType(a: Type, b: Type): boolean {
  if (a.kind !== b.kind) return false
  if (a.kind === 'scalar') return a.name === (b as ScalarType).name
  if (a.kind === 'vector') return a.size === (b as VectorType).size && a.element === (b as VectorType).element
  if (a.kind === 'array') return a.length === (b as ArrayType).length && sameType(a.element, (b as ArrayType).element)
  return a.name === (b as StructType).name
}

/** Scalars of a value, in order: components of vectors, elements of arrays, members of structs. */
export function scalarsOf(type: Type): ScalarName[] {
  switch (type.kind) {
    case 'scalar':
      return [type.name]
    case 'vector':
      return Array.from({ length: type.size }, () => type.element)
    case 'array': {
      const element = scalarsOf(type.element)
      return Array.from({ length: type.length }, () => element).flat()
    }
    case 'struct':
      return type.members.flatMap((member) => scalarsOf(member.type))
  }
}

/** How many scalars a value has; each takes one 32-bit word. */
export function scalarCount(type: Type): number {
  switch (type.kind) {
    case 'scalar':
      return 1
    case 'vector':
      return type.size
    case 'array':
      return type.length * scalarCount(type.element)
    case 'struct':
      return type.members.reduce((sum, member) => sum + scalarCount(member.type), 0)
  }
}

/** Scalar type of a scalar's or vector's components; null for arrays and structs. */
export function componentOf(type: Type): ScalarName | null {
  return type.kind === 'scalar' ? type.name : type.kind === 'vector' ? type.element : null
}

export function componentCount(type: Type): number {
  return type.kind === 'vector' ? type.size : 1
}

/** The same shape with other components. */
export function withComponent(type: Type, element: ScalarName): Type {
  return type.kind === 'vector' ? vector(type.size, element) : { kind: 'scalar', name: element }
}

export function isAbstract(type: Type): boolean {
  switch (type.kind) {
    case 'scalar':
    case 'vector': {
      const component = componentOf(type)
      return component === 'abstractInt' || component === 'abstractFloat'
    }
    case 'array':
      return isAbstract(type.element)
    case 'struct':
      return false
  }
}

/** The type that a literal takes where nothing says otherwise: i32 or f32. */
export function concreteType(type: Type): Type {
  switch (type.kind) {
    case 'scalar':
    case 'vector': {
      const component = componentOf(type)
      return component === 'abstractInt' ? withComponent(type, 'i32') : component === 'abstractFloat' ? withComponent(type, 'f32') : type
    }
    case 'array':
      return { ...type, element: concreteType(type.element) }
    case 'struct':
      return type
  }
}
