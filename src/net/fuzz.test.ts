import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLibp2p } from 'libp2p'
import { multiaddr } from '@multiformats/multiaddr'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createRelay } from '../../relay/relay.ts'
import { MAX_FRAME_BYTES } from '../room/wire/constants.ts'
import { MalformedFrameError } from '../room/wire/errors.ts'
import { decodeFrame, encodeFrame, joinParts } from '../room/wire/frame.ts'
import { BULK_PROTOCOL } from './bulk.ts'
import { memberOptions } from './libp2p-options.ts'
import { generateKey, keyFromBytes } from './keys.ts'
import { parseRelay } from './addresses.ts'
import { scoreOf } from './gossip-score.ts'
import { createNetwork } from './network.ts'
import { PRESENCE_PROTOCOL, decodeNotice, encodeNotice } from './presence.ts'
import { REGISTRY_PROTOCOL, Registry, RegistryError, decodeRegistry } from './registry.ts'
import { REPORT_PROTOCOL } from './reporter.ts'
import { ROOM_PROTOCOL } from '../room/wire/constants.ts'
import type { Relay } from '../../relay/relay.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'
import type { Network } from './network.ts'

/** Messages to each decoder, and to each protocol of a running node. `FUZZ=100000` for the long run. */
const DECODED = 100_000
const SENT = Number(process.env['FUZZ'] ?? 1_000)
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 30_000, interval: 10 })

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
function seeded(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const SEEDS: Uint8Array[] = [
  joinParts(encodeFrame({ kind: 'hello', version: 1, session: '00112233445566ff', stream: 1, first: 1, peer: 'peer' })),
  joinParts(encodeFrame({ kind: 'data', sequence: 7, message: new Uint8Array(40) })),
  joinParts(encodeFrame({ kind: 'ack', sequence: 2 ** 40 })),
  joinParts(encodeFrame({ kind: 'ping', token: 3 })),
  encodeNotice({ topic: 'jobprocessing_x_0', peers: ['a', 'b'] }),
]

/** A hostile message: noise, a good one with bytes changed, cut off or doubled. */
function hostile(random: () => number): Uint8Array {
  const pick = SEEDS[Math.floor(random() * SEEDS.length)] ?? new Uint8Array()
  const bytes = Uint8Array.from(pick)
  const flip = (): void => {
    for (let i = 0; i < 1 + random() * 4; i++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
  }
  switch (Math.floor(random() * 5)) {
    case 0:
      return Uint8Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256))
    case 1:
      flip()
      return bytes
    case 2:
      return bytes.subarray(0, Math.floor(random() * bytes.length))
    case 3:
      return joinParts([bytes, bytes])
    default:
      // A length that promises far more than there is.
      return Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x7f, ...bytes)
  }
}

describe(`hostile messages, seed ${seed}`, { timeout: Math.max(120_000, SENT * 6) }, () => {
  it('to the decoders come back as a frame or as an error that names the fault, and as nothing else', () => {
    const random = seeded(seed)
    let frames = 0
    for (let i = 0; i < DECODED; i++) {
      const bytes = hostile(random)
      try {
        const frame = decodeFrame(bytes)
        expect(decodeFrame(joinParts(encodeFrame(frame))).kind).toBe(frame.kind)
        frames++
      } catch (error) {
        if (!(error instanceof MalformedFrameError)) throw error
      }
      decodeNotice(bytes)
      decodeRegistry(bytes)
    }
    expect(frames).toBeGreaterThan(0)
    expect(() => decodeFrame(new Uint8Array(MAX_FRAME_BYTES + 1))).toThrow(MalformedFrameError)
  })

  it('to the registry are refused in words', async () => {
    const random = seeded(seed)
    const registry = new Registry(async () => true)
    const odd = (): unknown => {
      const values = [null, 1, 'x', [], {}, new Uint8Array(3), { peer: 'p' }, 'y'.repeat(1000), Number.NaN]
      return values[Math.floor(random() * values.length)]
    }
    for (let i = 0; i < 20_000; i++) {
      const entry = {
        peer: odd(),
        runtime: odd(),
        handler: odd(),
        protocols: odd(),
        visibility: odd(),
        invited: odd(),
        issuedAt: odd(),
        ttlMs: odd(),
      }
      await registry
        .put(random() < 0.1 ? odd() : { entry: random() < 0.1 ? odd() : entry, signature: odd() }, 'p', 0)
        .catch((error: unknown) => {
          if (!(error instanceof RegistryError)) throw error
        })
    }
    expect(registry.size).toBe(0)
  })

  describe('to a running node and its relay', () => {
    let relay: Relay
    let directory: string
    let honest: [Network, Network]
    let attacker: RoomfulLibp2p
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'roomful-fuzz-'))
      relay = await createRelay({ port: 0, dataDir: directory })
      const init = { relays: [relay.multiaddr], direct: false }
      honest = [await createNetwork(init), await createNetwork(init)]
      attacker = await createLibp2p(
        memberOptions({
          privateKey: keyFromBytes(await generateKey()),
          relays: [parseRelay(relay.multiaddr)],
          rtcConfiguration: { iceServers: [] },
          direct: false,
          isBanned: () => false,
        }),
      )
      for (const node of honest) node.transport.setMembers(honest.map(({ peerId }) => peerId))
      await attacker.dial(multiaddr(relay.multiaddr))
      await until(() => expect(honest.map((node) => node.links.snapshot().relays[0]?.state)).toEqual(['reserved', 'reserved']))
    }, 30_000)
    afterAll(async () => {
      await Promise.all([...honest.map((node) => node.stop()), attacker.stop()])
      await relay.stop()
      await rm(directory, { recursive: true })
    }, 30_000)

    async function honestTrafficFlows(): Promise<void> {
      const heard = vi.fn()
      const unsubscribe = honest[1].transport.onMessage(heard)
      honest[0].transport.send(honest[1].peerId, Uint8Array.of(1))
      await until(() => expect(heard).toHaveBeenCalled())
      unsubscribe()
    }

    async function attack(target: string, protocol: string): Promise<number> {
      const random = seeded(seed)
      let sent = 0
      for (let refusals = 0; sent < SENT && refusals < 50;) {
        try {
          const stream = await attacker.dialProtocol(multiaddr(target), protocol, {
            runOnLimitedConnection: true,
            signal: AbortSignal.timeout(5_000),
          })
          // Several messages a stream, until it is closed under the attacker.
          for (let i = 0; i < 20 && stream.writeStatus === 'writable' && sent < SENT; i++, sent++) {
            const bytes = hostile(random)
            stream.send(random() < 0.5 ? joinParts([Uint8Array.of(bytes.length & 0x7f), bytes]) : bytes)
          }
          stream.abort(new Error('next'))
        } catch {
          refusals++
        }
      }
      return sent
    }

    // The wires last: who breaks their protocol again and again is hung up on.
    it.each([BULK_PROTOCOL, REPORT_PROTOCOL, ROOM_PROTOCOL])('on %s harm nobody but their sender', async (protocol) => {
      const before = process.memoryUsage().heapUsed
      const sent = await attack(`${relay.multiaddr}/p2p-circuit/p2p/${honest[1].peerId}`, protocol)
      expect(sent).toBeGreaterThan(protocol === ROOM_PROTOCOL ? 0 : SENT - 1)
      await honestTrafficFlows()
      expect(process.memoryUsage().heapUsed - before, 'bytes kept').toBeLessThan(200 * 2 ** 20)
    })

    it.each([PRESENCE_PROTOCOL, REGISTRY_PROTOCOL])('on %s of the relay harm nobody but their sender', async (protocol) => {
      expect(await attack(relay.multiaddr, protocol)).toBeGreaterThan(0)
      await honestTrafficFlows()
      expect((await fetch(`${relay.url}healthz`)).status).toBe(200)
    })

    it('on the wires get their sender hung up on', async () => {
      expect(honest[1].transport.strangers.refused).toBeGreaterThan(0)
      expect(honest[1].libp2p.getPeers().map(String)).not.toContain(attacker.peerId.toString())
    })

    it('on a room’s topic are not passed on, and cost their sender its score', async () => {
      const topic = 'jobprocessing_fuzz_0'
      const heard = vi.fn()
      honest[1].pubsub.onMessage(heard)
      for (const node of honest) node.pubsub.subscribe(topic)
      attacker.services.pubsub.subscribe(topic)
      await until(() => expect(honest[1].pubsub.subscribers(topic)).toContain(attacker.peerId.toString()))
      const random = seeded(seed)
      for (let i = 0; i < Math.min(SENT, 2_000); i++) {
        await attacker.services.pubsub.publish(topic, joinParts([Uint8Array.of(0xff), hostile(random)])).catch(() => undefined)
      }
      await until(() => expect(scoreOf(relay.libp2p.services.pubsub, attacker.peerId.toString())).toBeLessThan(-80))
      expect(heard).not.toHaveBeenCalled()
      await honestTrafficFlows()
    })
  })
})
