import type { RoomView } from '../../node/api.ts'

/** What the room is doing, for a person. */
export function stageSentence(room: Pick<RoomView, 'stage' | 'chunks'>): { title: string; text: string; good: boolean } {
  const done = room.chunks.filter((chunk) => chunk.state === 'done' || chunk.state === 'verified').length
  switch (room.stage) {
    case 'working':
      return {
        title: 'Computing',
        text: `${done} of ${room.chunks.length} chunks have a result. Nobody knows yet who will check them.`,
        good: false,
      }
    case 'revealing':
      return {
        title: 'Drawing lots',
        text: 'Every chunk has a result. The members show their secrets, which draw the verifier.',
        good: false,
      }
    case 'checking':
      return { title: 'Being checked', text: 'The verifier computes a sample of everybody’s chunks again.', good: false }
    case 'unverified':
      return {
        title: 'Computed, unverified',
        text: 'Nobody else is here to check these results, and they count only once somebody has. The link on the page of the job brings another tab.',
        good: false,
      }
    case 'complete':
      return { title: 'Verified', text: 'The sample agreed, and the certificate is signed.', good: true }
  }
}

/** How the microjob before this one ended. Numbers begin at 1 for people. */
export function verdictSentence({ microjob, verdict }: NonNullable<RoomView['lastVerdict']>): string {
  return `Microjob ${microjob + 1} before it: ${verdict}`
}
