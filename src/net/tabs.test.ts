import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTabBench, untilEvent } from './testing/tabs.ts'
import type { Tab, TabBench } from './testing/tabs.ts'

describe('two tabs that meet through a relay', () => {
  let bench: TabBench
  let tabs: [Tab, Tab]
  beforeAll(async () => {
    bench = await openTabBench()
    tabs = [await bench.open(), await bench.open()]
    const members = tabs.map(({ peer }) => peer)
    for (const { page } of tabs) {
      await page.evaluate((peers) => {
        globalThis.page.network?.pubsub.subscribe('roomful/test')
        globalThis.page.network?.transport.setMembers(peers)
      }, members)
    }
  }, 60_000)
  afterAll(() => bench.stop(), 30_000)

  it('link directly', { timeout: 40_000 }, async () => {
    for (const tab of tabs) await untilEvent(tab, 'link live')
    for (const { page } of tabs) {
      const links = await page.evaluate(() => globalThis.page.network?.links.snapshot().peers.map(({ link }) => link))
      expect(links).toEqual(['direct'])
    }
  })

  it('exchange messages of half a megabyte over the direct link, in order', { timeout: 40_000 }, async () => {
    const [from, to] = tabs
    await from.page.evaluate((peer) => {
      for (let i = 0; i < 8; i++) globalThis.page.network?.transport.send(peer, new Uint8Array(512 * 1024).fill(i))
    }, to.peer)
    await to.page.waitForFunction(() => globalThis.page.received.length === 8)
    const received = await to.page.evaluate(() => globalThis.page.received)
    expect(received.map(({ first }) => first)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(received.every(({ bytes, from: sender }) => bytes === 512 * 1024 && sender === from.peer)).toBe(true)
    const stats = await from.page.evaluate(() => globalThis.page.network?.transport.stats())
    expect(stats).toMatchObject([{ peer: to.peer, link: 'direct', dropped: 0 }])
  })

  it('hear each other’s gossip', { timeout: 40_000 }, async () => {
    const [from, to] = tabs
    await from.page.evaluate(() => globalThis.page.network?.pubsub.publish('roomful/test', new Uint8Array(200)))
    await untilEvent(to, 'gossip roomful/test 200')
  })

  it('notice a closed tab within a quarter of a second', { timeout: 40_000 }, async () => {
    const [left, stays] = tabs
    await stays.page.evaluate((peer) => {
      globalThis.page.events.length = 0
      globalThis.page.network?.transport.onConnection((member, up) => {
        if (member === peer && !up) globalThis.page.events.push({ at: Date.now(), what: 'gone' })
      })
    }, left.peer)
    const closed = await left.page.evaluate(() => {
      // The page cannot tell any more when it is gone: its last act is noted, and the tab closes at once.
      setTimeout(() => location.assign('about:blank'), 0)
      return Date.now()
    })
    const noticed = await untilEvent(stays, 'gone')
    expect(noticed - closed).toBeLessThan(250)
  })

  it('dial each other time after time, and not one dial hangs', { timeout: 300_000 }, async () => {
    const [from, to] = [await bench.openBare(), await bench.openBare()]
    const failed = await from.page.evaluate(([relay, peer]) => globalThis.page.dial(relay, peer, 25), [
      bench.relay.multiaddr,
      to.peer,
    ] as const)
    expect(failed).toEqual([])
  })
})

describe('two members of a room whose only relay is gone', () => {
  let bench: TabBench
  beforeAll(async () => {
    bench = await openTabBench()
  }, 60_000)
  afterAll(() => bench.stop(), 30_000)

  const meet = async (tab: Tab, members: Tab[]): Promise<void> =>
    tab.page.evaluate(
      (peers) => globalThis.page.network?.transport.setMembers(peers),
      members.map(({ peer }) => peer),
    )
  const untilDirect = async (tab: Tab, mate: Tab): Promise<unknown> =>
    tab.page.waitForFunction(
      (peer) => globalThis.page.network?.links.snapshot().peers.some((entry) => entry.peer === peer && entry.link === 'direct'),
      mate.peer,
    )

  it('are introduced to each other by a third, link directly, and use the relay again when it returns', { timeout: 60_000 }, async () => {
    const [host, one, other] = [await bench.open(), await bench.open(), await bench.open()]
    await meet(host, [host, one, other])
    await meet(one, [host, one])
    await meet(other, [host, other])
    for (const tab of [one, other]) await untilDirect(tab, host)
    await bench.relay.stop()
    for (const tab of [one, other]) await meet(tab, [host, one, other])
    await untilDirect(one, other)
    await untilDirect(other, one)
    await untilEvent(one, `member ${other.peer} up`)
    await untilEvent(other, `member ${one.peer} up`)
    // Whoever stood in for it does not take its place.
    await bench.openRelay({ port: bench.relay.port, dataDir: join(bench.directory, 'relay-0') })
    for (const { page } of [host, one, other])
      await page.waitForFunction(() => globalThis.page.network?.links.snapshot().relays.every(({ state }) => state === 'reserved'))
  })
})
