import { useMemo, useRef } from 'react'
import type { MemberView } from '../../node/api.ts'
import { colourOf } from '../parts/colours.ts'
import { shortId } from '../view/format.ts'
import { describeGraph, GRAPH_HEIGHT, GRAPH_WIDTH, layoutGraph } from './graph.ts'
import type { GraphNode } from './graph.ts'

const CROWN = 'M-11 4v-11l6 5l5-9l5 9l6-5v11z'

/** The members of a room: host crowned, direct links solid, relayed ones dashed. */
export function GraphDrawing({ members, verifier }: { members: MemberView[]; verifier: string | null }) {
  const places = useRef(new Map<string, { x: number; y: number }>())
  // Counts of chunks change all the time; who is there and how they are linked changes seldom.
  const shape = members.map((member) => `${member.peer} ${member.link} ${member.host}`).join('|')
  const graph = useMemo(() => {
    const laid = layoutGraph(members, places.current)
    places.current = new Map(laid.nodes.map((node) => [node.member.peer, { x: node.x, y: node.y }]))
    return laid
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape])
  return (
    <figure className="graph">
      <svg viewBox={`0 0 ${GRAPH_WIDTH} ${GRAPH_HEIGHT}`} role="img" aria-label={describeGraph(members)}>
        {graph.edges.map((edge) => (
          <line key={edge.to.member.peer} x1={edge.from.x} y1={edge.from.y} x2={edge.to.x} y2={edge.to.y} className={edge.link} />
        ))}
        {graph.nodes.map((node) => (
          <Member key={node.member.peer} node={node} verifier={node.member.peer === verifier} />
        ))}
      </svg>
      <figcaption>Solid: direct link. Dashed: through the relay. Crown: host. Ring: verifier, once drawn.</figcaption>
    </figure>
  )
}

function Member({ node, verifier }: { node: GraphNode; verifier: boolean }) {
  const { member, x, y } = node
  return (
    <g style={{ transform: `translate(${x}px, ${y}px)` }} className="member">
      {verifier && <circle r={25} className="ring" />}
      <circle r={19} fill={colourOf(member.peer)} className={member.role} />
      {member.host && <path d={CROWN} transform="translate(0 -27)" className="crown" />}
      <text y={38} textAnchor="middle">
        {member.self ? 'you' : shortId(member.peer)}
      </text>
    </g>
  )
}
