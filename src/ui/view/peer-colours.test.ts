import { describe, expect, it } from 'vitest'
import { PEER_COLOURS, PeerColours } from './peer-colours.ts'

function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const channel = parseInt(colour.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light! + 0.05) / (dark! + 0.05)
}

describe('peer colours', () => {
  it('give every peer of a full room a colour of its own', () => {
    const colours = new PeerColours('me')
    const peers = Array.from({ length: 11 }, (_, index) => `peer${index}`)
    expect(new Set(['me', ...peers].map((peer) => colours.of(peer))).size).toBe(12)
  })

  it('stay the same for a peer', () => {
    const colours = new PeerColours()
    const first = colours.of('a')
    colours.of('b')
    expect(colours.of('a')).toBe(first)
  })

  it('stand out from a light and a dark page by at least 3:1', () => {
    const weak = PEER_COLOURS.filter((colour) => contrast(colour, '#ffffff') < 3 || contrast(colour, '#141a19') < 3)
    expect(weak).toEqual([])
  })
})
