import type { Effect, RoomEvent } from '../room/event.ts'
import type { Message } from '../room/message.ts'
import type { SimNode } from './node.ts'
import type { World } from './world.ts'

/** One step of a history as a line: time, node, what it was doing, what happened, what it wanted done. Null for idle ticks. */
export function traceLine(world: World, node: SimNode, event: RoomEvent, effects: readonly Effect[]): string | null {
  if (event.type === 'tick' && effects.length === 0) return null
  const time = (world.now / 1000).toFixed(3).padStart(9)
  return `${time} ${node.id.padEnd(8)} ${node.state.activity.kind.padEnd(7)} ${describe(event)} → ${effects.map(effectName).join(' ') || '–'}`
}

function describe(event: RoomEvent): string {
  if (event.type === 'message' || event.type === 'gossip') return `${event.type} of ${event.from}: ${messageName(event.message)}`
  if (event.type === 'connection') return `connection to ${event.peer} ${event.up ? 'up' : 'down'}`
  if (event.type === 'computed') return `computed ${event.chunk}`
  if (event.type === 'work') return `work: ${event.items.length} open`
  return event.type
}

function messageName({ term, microjob, body }: Message): string {
  const value = JSON.stringify(body.value ?? {}, (_key, field: unknown) => (field instanceof Uint8Array ? `${field.length} bytes` : field))
  return `${body.case ?? 'unknown'} term ${term} microjob ${microjob} ${value.slice(0, 160)}`
}

function effectName(effect: Effect): string {
  switch (effect.type) {
    case 'send':
      return `send:${effect.message.body.case ?? '?'}>${effect.to}`
    case 'publish':
      return `publish:${effect.message.body.case ?? '?'}`
    case 'compute':
      return `compute:${effect.chunk}`
    case 'setMembers':
      return `setMembers:${effect.peers.join(',')}`
    case 'note':
      return `note:${JSON.stringify(effect.note).slice(0, 100)}`
    default:
      return effect.type
  }
}
