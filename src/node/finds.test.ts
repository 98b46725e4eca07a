import { describe, expect, it } from 'vitest'
import { hashBytes } from '../domain/ids.ts'
import type { RoomState } from '../room/state.ts'
import { findsToCheck } from './finds.ts'

const search = { reduce: 'first', output: { element: 'u32', elementsPerItem: 2 } } as never
const ref = { block: 'b', microjob: 3 }
const nothing = hashBytes(new Uint8Array(8))
const find = hashBytes(Uint8Array.of(1, 0, 0, 0, 9, 0, 0, 0))

/** A round whose chunks 0 and 1 are the verifier's, 2 and 3 another's; 1, 2 and 3 found something. */
function stateOf(self: string, arbitrating: number[] = []): Pick<RoomState, 'room' | 'self'> {
  const slots = [nothing, find, find, find].map((hash, chunk) => ({ chunk, result: { peer: chunk < 2 ? 'v' : 'p', hash } }))
  const draw = { order: ['v', 's', 'p'], second: 's', arbitrating }
  return { self, room: { rounds: [{ ref, slots, draw }] } } as unknown as Pick<RoomState, 'room' | 'self'>
}

describe('finds that are checked whatever the sample', () => {
  it('are those of others for the verifier, and those of the verifier for the second', () => {
    expect(findsToCheck(stateOf('v'), ref, [2], search)).toEqual([3])
    expect(findsToCheck(stateOf('s'), ref, [], search)).toEqual([1])
  })

  it('are none for an arbiter, for who was not drawn, and in other rounds', () => {
    expect(findsToCheck(stateOf('p'), ref, [], search)).toEqual([])
    expect(findsToCheck(stateOf('v', [2]), ref, [2], search)).toEqual([])
    expect(findsToCheck(stateOf('v'), { ...ref, microjob: 4 }, [], search)).toEqual([])
    expect(findsToCheck({ self: 'v', room: null }, ref, [], search)).toEqual([])
  })
})
