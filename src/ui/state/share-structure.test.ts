import { describe, expect, it } from 'vitest'
import { shareStructure } from './share-structure.ts'

describe('shareStructure', () => {
  it('gives back the previous object when nothing changed', () => {
    const previous = { jobs: [{ id: 'a', done: 3 }], peer: 'p' }
    expect(shareStructure(previous, { jobs: [{ id: 'a', done: 3 }], peer: 'p' })).toBe(previous)
  })

  it('keeps the parts that did not change and replaces the one that did', () => {
    const previous = {
      room: { term: 1 },
      jobs: [
        { id: 'a', done: 3 },
        { id: 'b', done: 0 },
      ],
    }
    const shared = shareStructure(previous, {
      room: { term: 1 },
      jobs: [
        { id: 'a', done: 4 },
        { id: 'b', done: 0 },
      ],
    })
    expect(shared.room).toBe(previous.room)
    expect(shared.jobs[0]).toEqual({ id: 'a', done: 4 })
    expect(shared.jobs[1]).toBe(previous.jobs[1])
  })

  it('notices an item that was taken away', () => {
    const previous = { peers: ['a', 'b'], extra: 1 }
    expect(shareStructure<unknown>(previous, { peers: ['a'] })).toEqual({ peers: ['a'] })
  })

  it('tells a missing property from one that is undefined', () => {
    expect(Object.keys(shareStructure<object>({ a: undefined }, { b: undefined }))).toEqual(['b'])
  })

  it('never looks inside a typed array', () => {
    const next = { bytes: new Uint8Array([1]) }
    expect(shareStructure({ bytes: new Uint8Array([1]) }, next).bytes).toBe(next.bytes)
  })
})
