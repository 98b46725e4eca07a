import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findCoturn, startCoturn } from '../../e2e/fixtures/coturn.ts'
import { parseIceServer } from '../../relay/ice.ts'
import { openTabBench, untilEvent } from './testing/tabs.ts'
import type { Coturn } from '../../e2e/fixtures/coturn.ts'
import type { TabBench } from './testing/tabs.ts'

const path = findCoturn()

// Where Debian's package `coturn` cannot be had there is no TURN server to test with.
describe.runIf(path !== null)('a TURN server', { timeout: 60_000 }, () => {
  let bench: TabBench
  let turn: Coturn
  beforeAll(async () => {
    turn = await startCoturn(path ?? '')
    bench = await openTabBench()
  }, 60_000)
  afterAll(async () => {
    await bench.stop()
    await turn.stop()
  }, 30_000)

  it('carries the link between two tabs when every direct path is forbidden', async () => {
    const init = { iceServers: [parseIceServer(turn.option)], iceTransportPolicy: 'relay' as const }
    const tabs = [await bench.open(init), await bench.open(init)] as const
    const members = tabs.map(({ peer }) => peer)
    for (const { page } of tabs) await page.evaluate((peers) => globalThis.page.network?.transport.setMembers(peers), members)
    for (const tab of tabs) await untilEvent(tab, 'link live')
    await tabs[0].page.evaluate((peer) => globalThis.page.network?.transport.send(peer, new Uint8Array(256 * 1024).fill(5)), tabs[1].peer)
    await tabs[1].page.waitForFunction(() => globalThis.page.received.some(({ bytes, first }) => bytes === 256 * 1024 && first === 5))
    expect(turn.said).toMatch(/ALLOCATE processed, success/)
  })

  it('that is not there leaves the room to the relay', async () => {
    const init = { iceServers: [parseIceServer('turn:roomful:wrong@127.0.0.1:9')], iceTransportPolicy: 'relay' as const }
    const tabs = [await bench.open(init), await bench.open(init)] as const
    const members = tabs.map(({ peer }) => peer)
    for (const { page } of tabs) await page.evaluate((peers) => globalThis.page.network?.transport.setMembers(peers), members)
    await tabs[0].page.evaluate((peer) => globalThis.page.network?.transport.send(peer, new Uint8Array(256 * 1024).fill(6)), tabs[1].peer)
    await tabs[1].page.waitForFunction(() => globalThis.page.received.some(({ bytes, first }) => bytes === 256 * 1024 && first === 6))
    expect(await tabs[0].page.evaluate(() => globalThis.page.network?.transport.stats()[0]?.link)).toBe('relayed')
  })
})
