import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findCoturn, startCoturn } from '../../e2e/fixtures/coturn.ts'
import { parseIceServer } from '../../relay/ice.ts'
import { openTabBench, untilEvent } from './testing/tabs.ts'
import type { Coturn } from '../../e2e/fixtures/coturn.ts'
import type { Tab, TabBench } from './testing/tabs.ts'

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
    await tell(tabs[0], tabs[1], 5)
    expect(turn.said).toMatch(/ALLOCATE processed, success/)
  })

  it('that is not there leaves the room to the relay, also when the one who dialled has given up', async () => {
    const init = { iceServers: [parseIceServer('turn:roomful:wrong@127.0.0.1:9')], iceTransportPolicy: 'relay' as const }
    const tabs = [await bench.open(init), await bench.open(init)].toSorted((a, b) => (a.peer < b.peer ? -1 : 1))
    const [dialler, dialled] = [tabs[0]!, tabs[1]!]
    const members = tabs.map(({ peer }) => peer)
    for (const { page } of tabs) await page.evaluate((peers) => globalThis.page.network?.transport.setMembers(peers), members)
    await tell(dialler, dialled, 6)
    await untilEvent(dialler, 'link failed')
    // Told after the end of the signalling stream, on the same path: the other side has seen that end as well.
    await tell(dialler, dialled, 7)
    await tell(dialled, dialler, 8)
    for (const { page } of tabs) {
      const seen = await page.evaluate(() => ({
        links: globalThis.page.network?.transport.stats().map(({ link }) => link),
        live: globalThis.page.events.filter(({ what }) => what.startsWith('link live')),
      }))
      expect(seen).toEqual({ links: ['relayed'], live: [] })
    }
  })
})

async function tell(from: Tab, to: Tab, what: number): Promise<void> {
  const bytes = 256 * 1024
  await from.page.evaluate(([peer, size, first]) => globalThis.page.network?.transport.send(peer, new Uint8Array(size).fill(first)), [
    to.peer,
    bytes,
    what,
  ] as const)
  await to.page.waitForFunction(([size, value]) => globalThis.page.received.some(({ bytes, first }) => bytes === size && first === value), [
    bytes,
    what,
  ] as const)
}
