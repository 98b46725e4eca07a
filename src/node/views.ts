import type { Certificate } from '../domain/certificate.ts'
import { roomTopic } from '../domain/job.ts'
import { decodeCanonical } from '../domain/ids.ts'
import type { JobId, PeerId } from '../domain/ids.ts'
import type { JobRecords } from '../domain/record-index.ts'
import type { RoomState, Round } from '../room/state.ts'
import type { ChunkView, JobView, MemberView, RoomView } from './api.ts'
import type { Catalogue } from './catalogue.ts'

/** A room as people see it: the newest round that still has work, and who is in it. */
export function roomView(state: RoomState, links: ReadonlyMap<PeerId, 'direct' | 'relayed'>, catalogue: Catalogue): RoomView | null {
  const { room } = state
  const round = room?.rounds.find(({ stage }) => stage === 'working') ?? room?.rounds.at(-1)
  if (room == null || round === undefined) return null
  const known = catalogue.get(room.job)
  return {
    topic: roomTopic(round.ref),
    job: room.job,
    title: known?.job.title ?? room.job,
    kernel: known?.kernel.manifest.name ?? room.kernel,
    microjob: round.ref.microjob,
    blockIndex: round.ref.blockIndex,
    term: room.term,
    host: room.host,
    stage: stageView(round),
    members: room.members.map((member): MemberView => ({
      peer: member.peer,
      self: member.peer === state.self,
      host: member.peer === room.host,
      link: member.peer === state.self ? 'self' : (links.get(member.peer) ?? 'none'),
      chunks: room.work[member.peer]?.done ?? 0,
      role: member.observer ? 'observer' : 'processor',
    })),
    chunks: room.rounds.flatMap((entry) =>
      entry.slots.map((slot): ChunkView => {
        const grant = slot.grants[0]
        if (slot.result !== null) return { id: slot.chunk, state: 'done', peer: slot.result.peer, deadline: null }
        if (grant !== undefined) return { id: slot.chunk, state: 'granted', peer: grant.peer, deadline: grant.deadline }
        return { id: slot.chunk, state: 'open', peer: null, deadline: null }
      }),
    ),
    departures: room.departures,
    hostChanges: room.hostChanges,
    verifier: round.draw?.order?.[0] ?? null,
    lastVerdict: room.lastVerdict,
  }
}

function stageView(round: Round): RoomView['stage'] {
  return round.stage === 'disputed' ? 'checking' : round.stage
}

/** How often a job's chunks were seen done, for its pace. */
export interface PaceSample {
  at: number
  done: number
}

/** Views of jobs that are over, by what the database says of them: there may be many, and they stay the same until that changes. */
const over = new WeakMap<JobRecords, JobView>()

/** A job as people see it. */
export function jobViews(state: RoomState, catalogue: Catalogue, self: PeerId, paces: Map<JobId, PaceSample[]>): JobView[] {
  return catalogue.records().map((record): JobView => {
    const shown = state.room?.job === record.job ? undefined : over.get(catalogue.recordsOf(record.job))
    if (shown !== undefined) return shown
    const known = catalogue.get(record.job)
    const results = catalogue.results(record.job)
    const computed = new Set<number>()
    const contributors = new Map<PeerId, number>()
    let verified = 0
    for (const { certificate } of results) {
      verified += certificate.body.chunks.length
      for (const { peer, chunk } of certificate.body.chunks) {
        computed.add(chunk)
        contributors.set(peer, (contributors.get(peer) ?? 0) + 1)
      }
    }
    const recomputed = new Map<PeerId, number>()
    for (const { record: reopened, voided } of catalogue.reopened(record.job)) {
      for (const { peer, chunk } of reopened.certificate.body.chunks) {
        if (voided.includes(chunk)) recomputed.set(peer, (recomputed.get(peer) ?? 0) + 1)
        else {
          count(chunk, peer)
          verified++
        }
      }
    }
    for (const partial of catalogue.partials(record.job)) {
      for (const { chunk, peer } of partial.results) count(chunk, peer)
    }
    // What was certified in this tab's room a moment ago is in the database a moment later.
    const listed = new Set([...results, ...catalogue.reopened(record.job).map((each) => each.record)].map(({ microjob }) => microjob))
    for (const { ref, certificate } of state.recent) {
      if (ref.job !== record.job || listed.has(ref.microjob)) continue
      for (const { chunk, peer } of (decodeCanonical(certificate) as Certificate).body.chunks) count(chunk, peer)
    }
    if (state.room?.job === record.job) {
      for (const { slots } of state.room.rounds) for (const { chunk, result } of slots) if (result !== null) count(chunk, result.peer)
    }
    function count(chunk: number, peer: PeerId): void {
      if (computed.has(chunk)) return
      computed.add(chunk)
      contributors.set(peer, (contributors.get(peer) ?? 0) + 1)
    }
    const found = catalogue.isFound(record.job)
    const done = found || results.length >= record.microjobs
    const cancelled = catalogue.isCancelled(record.job)
    const view: JobView = {
      id: record.job,
      title: record.title,
      kernel: known?.kernel.manifest.name ?? record.kernel,
      kernelCid: record.kernel,
      mine: record.requester === self,
      requester: record.requester,
      createdAt: record.createdAt,
      state: cancelled
        ? 'cancelled'
        : done
          ? 'verified'
          : computed.size >= record.chunks
            ? 'computed'
            : state.room?.job === record.job || catalogue.isClaimed(record.job)
              ? 'running'
              : 'open',
      chunks: record.chunks,
      chunksDone: computed.size,
      chunksVerified: verified,
      microjobs: record.microjobs,
      microjobsVerified: results.length,
      found,
      etaSeconds: done || cancelled ? null : eta(state.now, record.job, computed.size, record.chunks, paces),
      recomputed: [...recomputed].map(([peer, chunks]) => ({ peer, chunks })),
      contributors: [...contributors].map(([peer, chunks]) => ({ peer, chunks })).sort((a, b) => b.chunks - a.chunks),
    }
    if ((done || cancelled) && known !== undefined && state.room?.job !== record.job) over.set(catalogue.recordsOf(record.job), view)
    return view
  })
}

const PACE_WINDOW_MS = 60_000
const PACE_STEP_MS = 1_000

function eta(now: number, job: JobId, done: number, chunks: number, paces: Map<JobId, PaceSample[]>): number | null {
  const samples = paces.get(job) ?? []
  paces.set(job, samples)
  const last = samples.at(-1)
  if (last === undefined || now - last.at >= PACE_STEP_MS) samples.push({ at: now, done })
  while (samples.length > 2 && now - samples[0]!.at > PACE_WINDOW_MS) samples.shift()
  const [first] = samples
  if (first === undefined || done <= first.done || now <= first.at) return null
  return ((chunks - done) * (now - first.at)) / (done - first.done) / 1000
}
