export { createNode } from './node.ts'
export type { NodeOptions } from './node.ts'
export type * from './api.ts'
