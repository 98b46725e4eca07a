/** Durations in ms, counts without unit. */
export interface RoomOptions {
  /** Listen for rooms this long before opening one. */
  listenMs: number
  /** Silence after a join request that moves on to the next room. */
  joinTimeoutMs: number
  /** A room that refused or was silent is not tried again for this long. */
  cooldownMs: number
  /** Between claiming a microjob and becoming its host. */
  settleMs: number
  /** A claim lapses this long after it was last renewed. */
  claimMs: number
  announceMs: number
  heartbeatMs: number
  /** Heartbeats missed in a row before a member counts as gone. */
  silentIntervals: number
  /** A broken connection may come back within this time. */
  reconnectMs: number
  /** Time a new member has to open its first connection. */
  connectMs: number
  /** A new host waits this long for what its members know. */
  syncMs: number
  /** Per candidate, before a member passes it over. */
  takeoverMs: number
  revealMs: number
  /** Deadline of a chunk: this many times the member's own pace, and never less than the floor or the job's own deadline. */
  paceMultiple: number
  deadlineFloorMs: number
  /** Chunks a member holds beyond those it runs. */
  queue: number
  /** A gap between ticks that means that this tab was suspended. */
  suspendMs: number
  /** Members next in line that hear of every grant. */
  deputies: number
  /** Rounds a room has in hand at once: some in work, the others being checked. */
  liveRounds: number
  /** A room in which nothing happens for this long although there is work has a useless host. */
  stallMs: number
}

export const DEFAULT_OPTIONS: RoomOptions = {
  listenMs: 1_000,
  joinTimeoutMs: 4_000,
  cooldownMs: 5_000,
  settleMs: 600,
  claimMs: 30_000,
  announceMs: 800,
  heartbeatMs: 1_000,
  silentIntervals: 5,
  reconnectMs: 400,
  connectMs: 12_000,
  syncMs: 500,
  takeoverMs: 2_000,
  revealMs: 8_000,
  paceMultiple: 8,
  deadlineFloorMs: 15_000,
  queue: 1,
  suspendMs: 6_000,
  deputies: 2,
  liveRounds: 24,
  stallMs: 60_000,
}
