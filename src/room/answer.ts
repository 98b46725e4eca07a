import type { RevealedEntropy, StatedDraw } from '../domain/certificate.ts'
import { equalBytes } from '../domain/bytes.ts'
import type { MicrojobRef } from '../domain/job.ts'
import { roomTopic } from '../domain/job.ts'
import type { Draw } from './draw-state.ts'
import type { Room, RoomState, Round } from './state.ts'

/** Chunks whose outputs a node remembers to have computed. */
export const MAX_SAID = 4_096

/** This node says what a chunk's output is, and will answer for it. */
export function say(s: RoomState, ref: Pick<MicrojobRef, 'block' | 'microjob'>, chunk: number, hash: Uint8Array): void {
  const name = nameOf(ref, chunk)
  s.said.delete(name)
  s.said.set(name, hash)
  if (s.said.size > MAX_SAID) s.said.delete(s.said.keys().next().value!)
}

/** Whether this node computed something of a round, and remembers to have said all that is listed in its name. */
export function answersFor(s: RoomState, { ref, slots }: Round): boolean {
  const own = slots.flatMap(({ chunk, result }) => (result?.peer === s.self ? [{ chunk, hash: result.hash }] : []))
  return own.length > 0 && own.every(({ chunk, hash }) => equalBytes(s.said.get(nameOf(ref, chunk)) ?? new Uint8Array(0), hash))
}

function nameOf(ref: Pick<MicrojobRef, 'block' | 'microjob'>, chunk: number): string {
  return `${roomTopic(ref)}/${chunk}`
}

/** What everybody knows of a draw before anybody reveals a secret, as the certificate states it. */
export function statedDraw(
  room: Room,
  round: Round,
  { attempt, root, entropy, disputed, standings }: Pick<Draw, 'attempt' | 'root' | 'entropy' | 'disputed' | 'standings'>,
): StatedDraw {
  return {
    job: room.job,
    kernel: room.kernel,
    block: round.ref.block,
    blockIndex: round.ref.blockIndex,
    microjob: round.ref.microjob,
    term: room.term,
    host: room.host,
    epoch: round.epoch,
    attempt,
    chunksPerCheck: room.chunksPerCheck,
    credibleAfter: room.credibleAfter,
    standings,
    disputed,
    resultRoot: root,
    entropy,
  }
}

/** What the members of a draw have brought to it; what was not revealed is empty. */
export function revealedEntropy({ reveals }: Round, { entropy }: Draw): RevealedEntropy[] {
  return entropy.map(({ peer, commitment }) => {
    const { secret, signature } = reveals.find((entry) => entry.peer === peer) ?? { secret: NOTHING, signature: NOTHING }
    return { peer, commitment, secret, statement: signature.length > 0 ? signature : null }
  })
}

const NOTHING = new Uint8Array(0)
