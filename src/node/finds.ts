import { isFind } from '../domain/find.ts'
import { cidOfHash } from '../domain/ids.ts'
import type { MicrojobRef } from '../domain/job.ts'
import type { KernelManifest } from '../domain/kernel.ts'
import type { RoomState } from '../room/state.ts'

/**
 * Chunks that this node checks beside the sample, as the drawn verifier or second of a search: a find ends the job, so
 * none of them may go unchecked. Each checks only those that are its own to check.
 */
export function findsToCheck(
  { room, self }: Pick<RoomState, 'room' | 'self'>,
  ref: Pick<MicrojobRef, 'block' | 'microjob'>,
  sample: readonly number[],
  manifest: KernelManifest | undefined,
): number[] {
  const round = room?.rounds.find((entry) => entry.ref.block === ref.block && entry.ref.microjob === ref.microjob)
  const draw = round?.draw
  if (manifest === undefined || round === undefined || draw == null || draw.order === null || draw.arbitrating.length > 0) return []
  const [verifier] = draw.order
  if (self !== verifier && self !== draw.second) return []
  return round.slots.flatMap(({ chunk, result }) => {
    const mine = result !== null && (result.peer === verifier) === (self !== verifier)
    return mine && !sample.includes(chunk) && isFind(manifest, cidOfHash(result.hash)) ? [chunk] : []
  })
}
