import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from 'd3-force'
import type { SimulationNodeDatum } from 'd3-force'
import type { MemberView } from '../../node/api.ts'

/** Measures of the drawing, in its own units. */
export const GRAPH_WIDTH = 640
export const GRAPH_HEIGHT = 360
/** Radius that a member and its name take up. */
const ROOM_FOR_ONE = 52
/** Steps of the layout: enough to settle eleven members, and done within a few milliseconds. */
const STEPS = 160

export interface GraphNode {
  member: MemberView
  x: number
  y: number
}

export interface GraphEdge {
  from: GraphNode
  to: GraphNode
  link: 'direct' | 'relayed'
}

export interface Graph {
  nodes: GraphNode[]
  /** From this tab to the members it reaches. */
  edges: GraphEdge[]
}

interface Body extends SimulationNodeDatum {
  id: string
}

/**
 * Places the members of a room so that none hides another; who was there before stays near its place. The same
 * members and places give the same picture.
 */
export function layoutGraph(members: readonly MemberView[], before: ReadonlyMap<string, { x: number; y: number }>): Graph {
  const bodies: Body[] = members.map((member) => ({ id: member.peer, ...before.get(member.peer) }))
  const self = members.find((member) => member.self)
  const reached = members.filter((member) => member.link === 'direct' || member.link === 'relayed')
  const links = self === undefined ? [] : reached.map((member) => ({ source: self.peer, target: member.peer }))
  forceSimulation(bodies)
    .force('apart', forceManyBody().strength(-900))
    .force('collide', forceCollide(ROOM_FOR_ONE))
    .force('x', forceX(GRAPH_WIDTH / 2).strength(0.06))
    .force('y', forceY(GRAPH_HEIGHT / 2).strength(0.14))
    .force(
      'links',
      forceLink<Body, { source: string; target: string }>(links)
        .id((body) => body.id)
        .distance(130),
    )
    .stop()
    .tick(STEPS)
  const nodes = members.map((member, index) => ({
    member,
    x: clamp(bodies[index]!.x ?? 0, GRAPH_WIDTH),
    y: clamp(bodies[index]!.y ?? 0, GRAPH_HEIGHT),
  }))
  const centre = nodes.find((node) => node.member.self)
  const edges = centre === undefined ? [] : nodes.flatMap((node) => edge(centre, node))
  return { nodes, edges }
}

function edge(from: GraphNode, to: GraphNode): GraphEdge[] {
  const { link } = to.member
  return link === 'direct' || link === 'relayed' ? [{ from, to, link }] : []
}

function clamp(value: number, extent: number): number {
  return Math.round(Math.min(extent - ROOM_FOR_ONE, Math.max(ROOM_FOR_ONE, value)) * 10) / 10
}

/** The graph in a sentence, for those who cannot see it. */
export function describeGraph(members: readonly MemberView[]): string {
  const direct = members.filter((member) => member.link === 'direct').length
  const relayed = members.filter((member) => member.link === 'relayed').length
  const alone = members.length === 1
  if (alone) return 'This tab is alone in the room.'
  return `${members.length} members; this tab has direct links to ${direct} and relayed links to ${relayed} of them. The table below says the same in words.`
}
