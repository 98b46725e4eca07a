import type { RoomView } from '../../node/api.ts'

/** This tab's part in the room, in the words of the glossary. */
export function roleOf(room: Pick<RoomView, 'members' | 'verifier'> | null): string {
  const self = room?.members.find((member) => member.self)
  if (room === null || self === undefined) return 'none yet'
  const roles = [
    self.host ? 'host' : '',
    room.verifier === self.peer ? 'verifier' : '',
    self.role === 'observer' ? 'observer' : 'processor',
  ].filter((role) => role !== '')
  return roles.join(' and ')
}

/** Where the work belongs: "Microjob 3 in block 1". Numbers begin at 1 for people. */
export function roomSentence(room: Pick<RoomView, 'microjob' | 'blockIndex'>): string {
  return `Microjob ${room.microjob + 1} in block ${room.blockIndex + 1}`
}
