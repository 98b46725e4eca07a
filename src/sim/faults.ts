import type { Fault } from './scenario.ts'
import type { World } from './world.ts'

/** Makes one thing go wrong. What concerns a node that is not there does nothing. */
export function applyFault(world: World, fault: Fault): void {
  if (fault.kind === 'heal') return world.network.heal()
  if (fault.kind === 'cut') return world.network.cut(fault.from, fault.to)
  if (fault.kind === 'unlink') return world.network.unlink(...fault.between)
  if (fault.kind === 'partition') {
    const side = new Set(fault.side)
    for (const a of world.nodes.keys()) {
      for (const b of world.nodes.keys()) {
        if (side.has(a) && !side.has(b)) {
          world.network.cut(a, b)
          world.network.cut(b, a)
        }
      }
    }
    return
  }
  const node = world.nodes.get(fault.node)
  if (node === undefined || !node.alive) return
  switch (fault.kind) {
    case 'crash':
      return world.crash(node)
    case 'close':
      return world.close(node)
    case 'restart': {
      world.crash(node)
      const { behaviour, skewMs, state } = node
      world.schedule.after(fault.afterMs, () => world.rejoin(node.id, behaviour, skewMs, state.observer))
      return
    }
    case 'suspend':
      return world.suspend(node, fault.forMs)
    case 'pause':
      world.happen(node, { type: 'pause' })
      world.schedule.after(fault.forMs, () => world.happen(node, { type: 'resume' }))
  }
}
