import type { PeerId } from '../domain/ids.ts'
import { lobbyTopic, roomTopic } from '../domain/job.ts'
import type { Message } from '../room/message.ts'
import type { Room } from '../room/state.ts'
import type { SimNode } from './node.ts'
import type { Rng } from './rng.ts'
import type { World } from './world.ts'

/** Lets a node that babbles or forges do so now and then, beside its protocol machine. */
export function startRogue(world: World, node: SimNode): void {
  const { behaviour, rng } = node
  if (!behaviour.forgesHost && !behaviour.babbles) return
  const again = (): void => {
    if (!node.alive) return
    if (behaviour.forgesHost && rng.chance(0.3)) forge(world, node)
    if (behaviour.babbles) babble(world, node)
    world.schedule.after(rng.between(300, 3_000), again)
  }
  world.schedule.after(rng.between(0, 5_000), again)
}

/** Claims to be host of a microjob, in a term of its choice. */
function forge(world: World, node: SimNode): void {
  const { rng } = node
  const { ref } = rng.pick([...world.database.entries.values()])
  const common = { block: ref.block, microjob: ref.microjob, term: rng.pick([1, 2, 5, 1_000, 4_000_000_000]) }
  const announce: Message = {
    ...common,
    body: {
      case: 'roomAnnounce',
      value: { host: node.id, members: 1, capacity: 11, settling: rng.chance(0.3), version: 1, peers: [node.id], microjobs: [] },
    },
  }
  const change: Message = {
    ...common,
    body: { case: 'hostChanged', value: { host: node.id, joinOrder: [node.id, ...somePeers(world, rng)] } },
  }
  world.network.publish(node, lobbyTopic(ref.block), announce)
  world.network.publish(node, roomTopic(ref), change)
}

function somePeers(world: World, rng: Rng): PeerId[] {
  return [...world.nodes.keys()].filter(() => rng.chance(0.5))
}

/** Sends a message of a random kind about the room it is in, with figures that fit nothing, to everybody in it. */
function babble(world: World, node: SimNode): void {
  const { room } = node.state
  const round = room?.rounds[0]
  if (room === null || room === undefined || round === undefined) return
  const { rng } = node
  const number = rng.below(round.ref.chunkCount + 2)
  const chunk = round.ref.firstChunk + number
  const peer = rng.pick(room.members).peer
  const hash = rng.bytes(32)
  snatch(world, node, room, number, hash)
  const info = { chunk, peer: rng.chance(0.5) ? peer : node.id, hash, fuel: 1e9, engine: 'cpu', bytes: 1 }
  const roundInfo = {
    ...round.ref,
    epoch: rng.below(4),
    commitments: [{ peer, commitment: hash }],
    results: [info],
    grants: [{ chunk, peer, attempt: 9, remainingMs: 1 }],
  }
  const body = rng.pick<Message['body']>([
    { case: 'result', value: { info, attempt: 1, ms: 1, data: undefined } },
    { case: 'syncState', value: { rounds: [roundInfo] } },
    { case: 'successor', value: { round: roundInfo } },
    { case: 'chunkRequest', value: { want: 64 } },
    { case: 'chunkGrant', value: { chunks: [chunk], attempt: 1, deadlineMs: 1 } },
    { case: 'grantNotice', value: { peer, chunks: [chunk], attempt: 7, deadlineMs: 1 } },
    { case: 'resultsVoided', value: { peer, chunks: [chunk], epoch: 9 } },
    {
      case: 'rootFixed',
      value: { root: hash, attempt: 3, commitments: [{ peer, commitment: hash }], results: [info], epoch: 0, disputed: [], standings: [] },
    },
    { case: 'reveal', value: { secret: hash, epoch: 0, statement: hash, signature: rng.bytes(64), peer: '' } },
    { case: 'reveal', value: { secret: hash, epoch: 0, statement: hash.subarray(1), signature: hash.subarray(32), peer } },
    { case: 'checkReply', value: { chunk, attempt: 1, hash, statement: hash, signature: rng.bytes(64), peer } },
    { case: 'expelled', value: { peer, reason: 'because' } },
    { case: 'membersChanged', value: { members: [], version: 1_000, departed: [], expelled: [] } },
    { case: 'commit', value: { commitment: hash, epoch: 0 } },
    { case: 'verifierReport', value: { body: hash, signature: hash, attempt: 1, peer } },
    { case: 'completed', value: { certificate: hash } },
    { case: undefined },
  ])
  const term = rng.pick([room.term, room.term, room.term - 1, room.term + 1])
  for (const member of room.members)
    if (member.peer !== node.id)
      world.network.send(node, member.peer, { block: round.ref.block, microjob: round.ref.microjob, term: Math.max(0, term), body })
}

/** Says of a chunk that is not computed yet what another member has made of it. */
function snatch(world: World, node: SimNode, room: Room, number: number, hash: Uint8Array): void {
  const open = room.rounds.flatMap(({ ref, slots }) => slots.flatMap(({ chunk, result }) => (result === null ? [{ ref, chunk }] : [])))
  const others = room.members.filter(({ peer, observer }) => peer !== node.id && !observer)
  const target = open[number % open.length]
  const victim = others[number % others.length]
  if (target === undefined || victim === undefined) return
  const { block, microjob } = target.ref
  const info = { chunk: target.chunk, peer: victim.peer, hash, fuel: 1e9, engine: 'cpu', bytes: 1 }
  const body: Message['body'] = { case: 'result', value: { info, attempt: 1, ms: 1, data: undefined } }
  for (const { peer } of room.members) if (peer !== node.id) world.network.send(node, peer, { block, microjob, term: room.term, body })
}
