/** Memory of a compiled kernel, in bytes. The host writes the task, the parameters and the input, and reads the output. */

/** Words of the task, in this order, from address 0; the fold state follows the task. */
export const TASK_WORDS = [
  'originX',
  'originY',
  'originZ',
  'sizeX',
  'sizeY',
  'sizeZ',
  'tileWidth',
  'tileHeight',
  'halo',
  'inputAddress',
  'inputLast',
  'outputAddress',
] as const
export type TaskWord = (typeof TASK_WORDS)[number]

export function taskAddress(word: TaskWord): number {
  return TASK_WORDS.indexOf(word) * 4
}

/** Fuel spent so far, i64. */
export const FUEL_ADDRESS = 64
/** 1 once the fold of `min`, `max` or `first` holds an item. */
export const FOLD_ADDRESS = 72
export const PARAMETERS_ADDRESS = 128

/** What the function of one item answers when its fuel is gone; otherwise it answers what it has spent. */
export const NO_FUEL = -1
/** What the function of four items answers when they do not go the same way. */
export const VECTOR_BAIL = -2

/** What `run(first, count)` answers. */
export const RUN_DONE = 0
export const RUN_OUT_OF_FUEL = 1
