import { describe, expect, it, vi } from 'vitest'
import { runSeed } from './batch.ts'

vi.setConfig({ testTimeout: 60_000 })

const SMALL = { nodes: 4, rooms: 1, level: 4 }
const LARGE = { nodes: 8, rooms: 2, level: 4 }

/** Histories that once went wrong, under what was wrong with them. */
describe('a history that once broke', () => {
  it.each([
    ['two lone nodes that gave up a disputed microjob in turn, and each never joined the other', 484, { ...SMALL, level: null }],
    ['the same, microjob by microjob', 231840775, { ...SMALL, level: null }],
    ['a host without any microjob that lived in another term than its member', 6091, LARGE],
    ['two lone hosts far down the list of work, who never heard of each other and computed everything again and again', 6352, LARGE],
    ['a host that took over a round which its database had never listed, and never left it', 7147, { ...SMALL, level: null }],
    ['a report made under one host that another one put under its certificate', 7578, { ...SMALL, level: null }],
    ['a microjob opened anew with the grants of a former room', 5108, SMALL],
    ['a lone host that put out or refused whoever could have checked its work', 8874, SMALL],
    ['a host whose epoch was behind that of its member, so that neither ever accepted the other', 8446, SMALL],
    ['a host drawn to verify that called everybody to order but itself, while a hoarder seemed busy', 9008, LARGE],
    ['a new host that counted results of a peer proven wrong before', 239, SMALL],
    ['two honest hosts, one of whom took the other for silent', 2890, SMALL],
    ['a slow member that was drawn to check in several rounds at once and put out as late', 199, { ...SMALL, level: 1 }],
    ['a host that counted on checks of which a new member did not know, and put it out for its silence', 62, { ...LARGE, level: 1 }],
    ['a member to whom two rounds came in another order, so that it took its host for a liar', 666, { ...LARGE, level: null }],
    ['a host that woke to thousands of announcements and answered each with all of its rounds', 7590, { ...LARGE, level: null }],
    [
      'a member that took the host of another job’s room for its own, and counted its rounds to the wrong job',
      4343,
      { ...LARGE, level: null },
    ],
    ['a member that followed a forged host to a term in which no honest one could ever join it', 12791, { ...LARGE, level: null }],
    ['the same, in another room', 5373, { ...LARGE, level: null }],
    ['a checker that counted a signature of an earlier draw, and checked less than its host waited for', 7360, { ...LARGE, level: null }],
    [
      'a result that its host never asked for, beside which its members passed over what they were granted',
      14802,
      { ...LARGE, level: null },
    ],
    ['a new host that held a chunk against a member which had left its former host unheard', 18495, { ...LARGE, level: null }],
    ['checkers that recomputed the same results in each of thirty draws', 9203, { ...LARGE, level: null }],
  ])('breaks no longer: %s (seed %i)', (_what, seed, options) => {
    expect(runSeed(seed, options).violations).toEqual([])
  })
})
