import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_FRAME_BYTES } from '../room/wire/constants.ts'
import { MalformedFrameError } from '../room/wire/errors.ts'
import { decodeFrame, encodeFrame, joinParts } from '../room/wire/frame.ts'
import { decodeNotice, encodeNotice } from './presence.ts'
import { Registry, RegistryError, decodeRegistry } from './registry.ts'
import { hostile, seeded } from './testing/hostile.ts'
import { Siege } from './testing/siege.ts'

/** Messages to each decoder, and to each protocol of a running node; `npm run bench -- fuzz` sends many more. */
const DECODED = 100_000
const SENT = 600
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)

const SEEDS: Uint8Array[] = [
  joinParts(encodeFrame({ kind: 'hello', version: 1, session: '00112233445566ff', stream: 1, first: 1, peer: 'peer' })),
  joinParts(encodeFrame({ kind: 'data', sequence: 7, message: new Uint8Array(40) })),
  joinParts(encodeFrame({ kind: 'ack', sequence: 2 ** 40 })),
  joinParts(encodeFrame({ kind: 'ping', token: 3 })),
  encodeNotice({ topic: 'jobprocessing_x_0', peers: ['a', 'b'] }),
]

describe(`hostile messages, seed ${seed}`, { timeout: 120_000 }, () => {
  it('to the decoders come back as a frame or as an error that names the fault, and as nothing else', () => {
    const random = seeded(seed)
    let frames = 0
    for (let i = 0; i < DECODED; i++) {
      const bytes = hostile(random, SEEDS)
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
    let siege: Siege
    beforeAll(async () => {
      siege = await Siege.open()
    }, 60_000)
    afterAll(() => siege.stop(), 60_000)

    it.each(['wires', 'bulk', 'reporter', 'presence', 'registry', 'records'])(
      'on %s harm nobody, and get their sender hung up on',
      async (target) => {
        const report = await siege.attack(target, SENT, seed)
        expect(report.sent).toBeGreaterThanOrEqual(SENT)
        expect(report.punished).toBe(report.identities)
        expect(report.keptMiB, 'memory kept').toBeLessThan(64)
        await siege.honestTraffic()
      },
    )

    it('on every topic go no further than the relay, and cost their sender its hearing', async () => {
      const topics = siege.targets.filter((target) => target.includes('_') || target.includes('/'))
      expect(topics).toHaveLength(5)
      for (const topic of topics) {
        const report = await siege.attack(topic, SENT / 5, seed)
        expect(report.sent, topic).toBeGreaterThanOrEqual(SENT / 5)
        expect(report.punished, topic).toBe(report.identities)
        expect(report.keptMiB, 'memory kept').toBeLessThan(64)
      }
      expect(siege.leaked).toEqual([])
      await siege.honestTraffic()
    })
  })
})
