import type { PeerId } from '../domain/ids.ts'
import type { CheckQueue } from '../room/check-queue.ts'
import type { Message } from '../room/message.ts'
import type { RoomEvent } from '../room/event.ts'
import type { RoomState } from '../room/state.ts'
import type { Behaviour } from './behaviour.ts'
import type { Rng } from './rng.ts'

export type WithoutNow<E> = E extends unknown ? Omit<E, 'now'> : never
export type Happening = WithoutNow<RoomEvent>

/** One simulated tab: the machine under test and everything around it. */
export interface SimNode {
  id: PeerId
  state: RoomState
  behaviour: Behaviour
  rng: Rng
  alive: boolean
  /** Its clock is this far ahead of the world's, ms. */
  skewMs: number
  /** Suspended: what happens waits here. Null while awake. */
  backlog: Happening[] | null
  /** Peers this node's transport serves. */
  members: Set<PeerId>
  /** Peers whose wire was reported up. */
  up: Set<PeerId>
  topics: Map<string, number>
  /** Messages of peers that are not members (yet). */
  tentative: Map<PeerId, Message[]>
  /** Running computations by name; a new object each time, so that a cancelled one is recognised. */
  tasks: Map<string, object>
  /** What draws ask of it, and whether it is at a chunk of them just now. */
  checks: CheckQueue
  checking: boolean
  /** Version of the database seen last. */
  seen: number
  computed: number
  verified: number
  /** ms of slot time spent computing, and since when the node has been in a room with nothing to do. */
  busyMs: number
}
