import { about } from './context.ts'
import type { Draw, Report, Reveal } from './draw-state.ts'
import type { Message } from './message.ts'
import { resultsOf } from './round.ts'
import type { Room, Round } from './state.ts'

/** The parts of a draw as messages. `peer` names whose word it is where a host passes it on; empty: the sender's. */

/** Host: the results are fixed. */
export function rootMessage(room: Room, round: Round, draw: Draw): Message {
  return about(room, round, {
    case: 'rootFixed',
    value: {
      root: draw.root,
      attempt: draw.attempt,
      commitments: draw.entropy,
      results: resultsOf(round),
      epoch: round.epoch,
      disputed: draw.disputed,
      standings: draw.standings,
    },
  })
}

/** What an arbiter found. */
export function replyMessage(room: Room, round: Round, draw: Draw, reply: Draw['replies'][number], peer = ''): Message {
  const { chunk, hash, signature } = reply
  const { attempt, statement } = draw
  return about(room, round, { case: 'checkReply', value: { chunk, attempt, hash, statement, signature, peer } })
}

/** What a verifier found. */
export function reportMessage(room: Room, round: Round, draw: Draw, report: Report, peer = ''): Message {
  const { body, signature } = report
  return about(room, round, { case: 'verifierReport', value: { body, signature, attempt: draw.attempt, peer } })
}

/** A secret, and that its owner answers for its results. */
export function revealMessage(room: Room, round: Round, { secret, statement, signature }: Reveal, peer = ''): Message {
  return about(room, round, { case: 'reveal', value: { secret, epoch: round.epoch, statement, signature, peer } })
}
