import { describe, expect, it } from 'vitest'
import type { MemberView } from '../../node/api.ts'
import { describeGraph, GRAPH_HEIGHT, GRAPH_WIDTH, layoutGraph } from './graph.ts'

function room(size: number): MemberView[] {
  return Array.from({ length: size }, (_, index) => ({
    peer: `peer${index}`,
    self: index === 0,
    host: index === 1,
    link: index === 0 ? 'self' : index % 3 === 2 ? 'relayed' : 'direct',
    chunks: 0,
    role: 'processor',
  }))
}

describe('layoutGraph', () => {
  it('keeps all members of a full room inside the picture and apart', () => {
    const { nodes } = layoutGraph(room(11), new Map())
    for (const node of nodes) {
      expect(node.x).toBeGreaterThan(0)
      expect(node.x).toBeLessThan(GRAPH_WIDTH)
      expect(node.y).toBeGreaterThan(0)
      expect(node.y).toBeLessThan(GRAPH_HEIGHT)
    }
    for (const [index, a] of nodes.entries()) {
      for (const b of nodes.slice(index + 1)) expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(48)
    }
  })

  it('gives the same picture for the same members', () => {
    expect(layoutGraph(room(5), new Map())).toEqual(layoutGraph(room(5), new Map()))
  })

  it('moves nobody far when one more comes in', () => {
    const before = layoutGraph(room(5), new Map())
    const places = new Map(before.nodes.map((node) => [node.member.peer, { x: node.x, y: node.y }]))
    const after = layoutGraph(room(6), places)
    for (const [index, node] of before.nodes.entries()) {
      expect(Math.hypot(node.x - after.nodes[index]!.x, node.y - after.nodes[index]!.y)).toBeLessThan(120)
    }
  })

  it('draws a link to each member that this tab reaches, and says which kind', () => {
    const members = room(4)
    members[3]!.link = 'none'
    expect(layoutGraph(members, new Map()).edges.map((edge) => [edge.from.member.peer, edge.to.member.peer, edge.link])).toEqual([
      ['peer0', 'peer1', 'direct'],
      ['peer0', 'peer2', 'relayed'],
    ])
  })
})

describe('describeGraph', () => {
  it('counts the links', () => {
    expect(describeGraph(room(4))).toMatch(/^4 members; this tab has direct links to 2 and relayed links to 1/)
    expect(describeGraph(room(1))).toBe('This tab is alone in the room.')
  })
})
