import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createRelay } from '../../relay/relay.ts'
import { createNetwork } from './network.ts'
import { createSystemClock } from './system-clock.ts'
import type { Relay } from '../../relay/relay.ts'
import type { Network } from './network.ts'

const ROUNDS = 50
const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 20_000, interval: 5 })

/** Collects garbage now, in a process that was not started for it. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
}

/** What keeps this process alive, by kind. */
function handles(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

const EVENTS = ['connection:open', 'connection:close', 'peer:connect', 'peer:disconnect', 'peer:identify', 'self:peer:update'] as const

/** Open streams, and listeners for each event, of a node that stays. */
function attached({ libp2p }: Pick<Relay, 'libp2p'> | Pick<Network, 'libp2p'>): number[] {
  return [libp2p.getConnections().flatMap(({ streams }) => streams).length, ...EVENTS.map((type) => libp2p.listenerCount(type))]
}

describe('a node that is opened and closed fifty times', { timeout: 120_000 }, () => {
  let relay: Relay
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'roomful-leaks-'))
    relay = await createRelay({ port: 0, dataDir: directory })
  })
  afterAll(async () => {
    await relay.stop()
    await rm(directory, { recursive: true })
  })

  it('leaves no timer, no socket, no stream, no listener, no reservation and no growing memory behind', async () => {
    const clock = createSystemClock()
    const peak = { early: 0, late: 0 }
    const stays = await createNetwork({ relays: [relay.multiaddr], direct: false })
    let before: Record<string, number> = {}
    let attachedBefore: number[][] = []
    for (let round = 0; round < ROUNDS; round++) {
      const node = await createNetwork({ relays: [relay.multiaddr], direct: false, clock })
      const heard = vi.fn()
      node.transport.onMessage(heard)
      for (const each of [node, stays]) {
        each.pubsub.subscribe('roomful/leaks')
        each.transport.setMembers([node.peerId, stays.peerId])
      }
      stays.transport.send(node.peerId, new Uint8Array(100_000))
      await until(() => expect(heard).toHaveBeenCalledOnce())
      await node.stop()
      stays.transport.setMembers([stays.peerId])
      expect(clock.pending, 'timers left').toBe(0)
      await until(() => expect(relay.libp2p.services.relay.reservations.size).toBeLessThanOrEqual(1))
      if (round === 9) {
        before = handles()
        await until(() => expect(relay.libp2p.getPeers().length).toBeLessThanOrEqual(1))
        attachedBefore = [relay, stays].map(attached)
        collectGarbage()
        peak.early = process.memoryUsage().heapUsed
      }
    }
    await until(() => expect(relay.libp2p.getPeers().length).toBeLessThanOrEqual(1))
    // Forty more rounds leave nothing: what comes and goes by itself is fewer than these.
    await until(() => {
      for (const [i, counts] of [relay, stays].map(attached).entries())
        for (const [j, count] of counts.entries()) expect(count).toBeLessThanOrEqual(attachedBefore[i]![j]! + 4)
    })
    collectGarbage()
    peak.late = process.memoryUsage().heapUsed
    await until(() => {
      const now = handles()
      // Sockets: one of the node that stays, on both of its ends, and the two servers.
      expect(now['TCPSocketWrap'] ?? 0).toBeLessThanOrEqual((before['TCPSocketWrap'] ?? 0) + 1)
      expect(now['Timeout'] ?? 0).toBeLessThanOrEqual((before['Timeout'] ?? 0) + 8)
    })
    expect((peak.late - peak.early) / 2 ** 20, 'MiB kept by forty rounds').toBeLessThan(16)
    await stays.stop()
    clock.stop()
  })
})
