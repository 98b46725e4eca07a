import { describe, expect, it, vi } from 'vitest'
import { Registrar } from './registrar.ts'
import { Registry, handlerAddress, runtimeAddress } from './registry.ts'
import type { Clock, Signer } from '../room/ports.ts'
import type { RoomfulLibp2p } from './libp2p-options.ts'
import type { SignedEntry, Visibility } from './registry.ts'
import type { RelayKeeper } from './relay-keeper.ts'

const PEER = '12D3KooWBem4nSa7BYDiifCffHXK9UV8fVXEgrd1PMiKasgEWxES'

const signed = (issuedAt: number, visibility: Visibility): SignedEntry => ({
  entry: {
    peer: PEER,
    runtime: runtimeAddress(PEER, '00'),
    handler: handlerAddress(PEER),
    protocols: [],
    visibility,
    invited: [],
    issuedAt,
    ttlMs: 60_000,
  },
  signature: Uint8Array.of(issuedAt),
})

describe('a registry', () => {
  it('keeps the newer of two entries whichever of them is checked first', async () => {
    const checks: ((genuine: boolean) => void)[] = []
    const registry = new Registry(() => new Promise((resolve) => checks.push(resolve)))
    const older = registry.put(signed(1, 'everyone'), PEER, 10).catch((error: Error) => error.message)
    const newer = registry.put(signed(2, 'nobody'), PEER, 10)
    checks[1]?.(true)
    await newer
    checks[0]?.(true)
    expect(await older).toBe('a newer entry is known')
    expect(registry.permits('stranger', PEER, () => false)).toBe(false)
  })
})

describe('a node', () => {
  /** A node with one relay, on which each attempt to open a stream fails like this. */
  function failing(error: Error): { newStream: ReturnType<typeof vi.fn>; ring(): Promise<void> } {
    const timers: (() => void)[] = []
    const newStream = vi.fn(async () => Promise.reject(error))
    const events = new EventTarget()
    const connection = { remotePeer: PEER, status: 'open', newStream }
    const clock: Clock = {
      now: () => 1,
      after: (ms, callback) => {
        if (ms < 60_000) timers.push(callback)
        return () => undefined
      },
    }
    new Registrar({
      libp2p: Object.assign(events, { getConnections: () => [connection], getProtocols: () => [] }) as unknown as RoomfulLibp2p,
      relays: { isRelay: () => true } as unknown as RelayKeeper,
      signer: { self: PEER, sign: async () => Uint8Array.of(1) } as unknown as Signer,
      clock,
      run: '00',
    })
    return {
      newStream,
      async ring() {
        await new Promise((resolve) => setImmediate(resolve))
        for (const ring of timers.splice(0)) ring()
        await new Promise((resolve) => setImmediate(resolve))
      },
    }
  }

  it('registers again when a relay was too busy to hear it', async () => {
    const { newStream, ring } = failing(Object.assign(new Error('too late'), { name: 'TimeoutError' }))
    await ring()
    expect(newStream).toHaveBeenCalledTimes(2)
  })

  it('leaves a relay alone that keeps no registry', async () => {
    const { newStream, ring } = failing(Object.assign(new Error('what?'), { name: 'UnsupportedProtocolError' }))
    await ring()
    expect(newStream).toHaveBeenCalledOnce()
  })
})
