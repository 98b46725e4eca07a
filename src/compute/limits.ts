/** What a kernel may use at most. A stranger's kernel cannot make a node slow, large or silent beyond these. */

/** Length of a kernel's source in UTF-16 units. */
export const MAX_SOURCE_LENGTH = 64 * 1024
/** Depth of nested expressions, types and statements. */
export const MAX_NESTING = 60
/** Operators of one expression that stand in a chain. */
export const MAX_EXPRESSION_DEPTH = 300
/** Depth of calls. */
export const MAX_CALL_DEPTH = 16
/** Operations of a kernel once every call is written out in its place. */
export const MAX_INLINED_SIZE = 40_000
/** Scalars of one value that is no array: a struct of structs of vectors. */
export const MAX_VALUE_SCALARS = 256
/** Elements of one array type, and 32-bit words of all array variables together. */
export const MAX_ARRAY_WORDS = 16_384
/** 32-bit words of all constant tables together. */
export const MAX_TABLE_WORDS = 16_384
/** Work that the compiler itself does on constants, in evaluated operations. */
export const MAX_CONSTANT_STEPS = 100_000
/** Errors that one source can be made to collect before checking stops. */
export const MAX_FUNCTIONS = 256

/**
 * Loop iterations of one item, all its loops together. One WebGPU implementation silently ends a loop after
 * 65,535 iterations with a wrong result, so that the limit lies below that.
 */
export const MAX_ITEM_FUEL = 65_000
/** Memory of a running kernel in bytes: tables, parameters, variables, input and output together. */
export const MAX_MEMORY_BYTES = 64 * 1024 * 1024
/** Output bytes of one chunk. */
export const MAX_OUTPUT_BYTES = 16 * 1024 * 1024
/** Kernels that one worker keeps compiled; its page side counts on half of them. */
export const MAX_COMPILED_KERNELS = 16
