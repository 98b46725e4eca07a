import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { MUTANTS } from './mutants.ts'

it.each(MUTANTS)('the fault "$name" still has its place in the machine', ({ file, from }) => {
  expect(readFileSync(new URL(`../room/${file}`, import.meta.url), 'utf8').split(from)).toHaveLength(2)
})
