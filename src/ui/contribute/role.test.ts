import { describe, expect, it } from 'vitest'
import type { MemberView } from '../../node/api.ts'
import { roleOf, roomSentence } from './role.ts'

const member = (change: Partial<MemberView>): MemberView => ({
  peer: 'a',
  self: false,
  host: false,
  link: 'direct',
  chunks: 0,
  role: 'processor',
  ...change,
})

describe('roleOf', () => {
  it('is nothing outside a room', () => {
    expect(roleOf(null)).toBe('none yet')
    expect(roleOf({ members: [member({})], verifier: null })).toBe('none yet')
  })

  it('names every part that this tab has', () => {
    expect(roleOf({ members: [member({ self: true })], verifier: null })).toBe('processor')
    expect(roleOf({ members: [member({ self: true, host: true })], verifier: null })).toBe('host and processor')
    expect(roleOf({ members: [member({ self: true })], verifier: 'a' })).toBe('verifier and processor')
    expect(roleOf({ members: [member({ self: true, role: 'observer' })], verifier: 'b' })).toBe('observer')
  })
})

describe('roomSentence', () => {
  it('counts from one', () => {
    expect(roomSentence({ microjob: 0, blockIndex: 0 })).toBe('Microjob 1 in block 1')
  })
})
