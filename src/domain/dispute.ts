import type { CertificateBody, CheckedChunk } from './certificate.ts'
import { answerable } from './certificate.ts'
import type { Cid, PeerId } from './ids.ts'

/** What somebody says the output of a chunk is. */
export interface Opinion {
  peer: PeerId
  output: Cid
}

/** A draw in which a checker disagreed with a processor, and what was said of it since. */
export interface DisputedDraw {
  chunks: readonly { chunk: number; peer: PeerId; output: Cid }[]
  entropy: CertificateBody['entropy']
  /** Of the draw: verifier, second, then the arbiters in turn. */
  order: readonly PeerId[]
  verifier: PeerId
  second: PeerId | null
  checked: readonly CheckedChunk[]
  /** Answers of arbiters, in any order. */
  replies: readonly (Opinion & { chunk: number })[]
}

/** One chunk about which a checker and a processor disagree. */
export interface Dispute {
  chunk: number
  claim: Opinion
  /** Whoever computed it has signed for it, so that its word counts and it can be proven wrong. */
  answered: boolean
  /** The checker's, then the arbiters' in the order of the draw, up to the first who has not spoken. */
  opinions: Opinion[]
  /** The arbiter whose turn it is; null when everybody who took part has spoken. */
  next: PeerId | null
}

/** Every chunk in dispute. Nobody speaks out of turn: the draw, not the host, decides who is heard. */
export function disputes(draw: DisputedDraw): Dispute[] {
  const answering = answerable(draw.entropy)
  return draw.checked.flatMap(({ chunk, peer, expected, agrees }) => {
    const claimed = draw.chunks.find((entry) => entry.chunk === chunk)
    const checker = peer === draw.verifier ? draw.second : draw.verifier
    if (agrees || claimed === undefined || checker === null) return []
    const turns = new Set([...draw.order, ...draw.entropy.map((entry) => entry.peer)])
    turns.delete(peer)
    turns.delete(checker)
    const opinions = [{ peer: checker, output: expected }]
    let next: PeerId | null = null
    for (const arbiter of turns) {
      const reply = draw.replies.find((entry) => entry.chunk === chunk && entry.peer === arbiter)
      if (reply === undefined) {
        next = arbiter
        break
      }
      opinions.push({ peer: arbiter, output: reply.output })
    }
    return [{ chunk, claim: { peer, output: claimed.output }, answered: answering.includes(peer), opinions, next }]
  })
}

/**
 * The answer that at least two give and that is two ahead of every other, or one ahead when everybody has spoken; null
 * while there is none. So two who collude convict nobody as long as others took part.
 */
export function rightAnswer({ claim, answered, opinions, next }: Dispute): Cid | null {
  const said = answered ? [claim, ...opinions] : opinions
  const votes = [...Map.groupBy(said, ({ output }) => output)].map(([output, { length }]) => ({ output, count: length }))
  votes.sort((a, b) => b.count - a.count)
  const [best, other] = votes
  const margin = next === null ? 1 : 2
  return best !== undefined && best.count >= 2 && best.count - (other?.count ?? 0) >= margin ? best.output : null
}

/** Who signed another answer than the right one. */
export function provenWrong({ claim, answered, opinions }: Dispute, right: Cid): PeerId[] {
  return [...(answered ? [claim] : []), ...opinions].filter(({ output }) => output !== right).map(({ peer }) => peer)
}
