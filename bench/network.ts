import { parseArgs } from 'node:util'
import { openTabBench, untilEvent } from '../src/net/testing/tabs.ts'
import { rawMibPerSecond } from './network-raw.ts'
import type { Tab, TabBench } from '../src/net/testing/tabs.ts'

/** Measures the network between real tabs on loopback. `--json`: the last line on stdout is one JSON object. */

interface Spread {
  p50: number
  p95: number
  n: number
}

const JOINS = 12
const ROUND_TRIPS = 200
const LARGE = 64 * 2 ** 20
const GOSSIP_TABS = 8
const GOSSIP_MESSAGES = 100

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number): number =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN) * 100) / 100
  return { p50: at(0.5), p95: at(0.95), n: sorted.length }
}

async function members(tabs: readonly Tab[]): Promise<void> {
  const peers = tabs.map(({ peer }) => peer)
  await Promise.all(tabs.map(({ page }) => page.evaluate((all) => globalThis.page.network?.transport.setMembers(all), peers)))
}

async function untilDirect(tabs: readonly Tab[]): Promise<void> {
  const others = tabs.length - 1
  for (const { page } of tabs) {
    await page.waitForFunction(
      (count) => (globalThis.page.network?.transport.stats() ?? []).filter(({ link }) => link === 'direct').length === count,
      others,
      { timeout: 120_000 },
    )
  }
}

/** Page load → reserved on the relay, and → first direct link with a tab that is already there, ms. */
async function joins(bench: TabBench): Promise<{ reserved: Spread; direct: Spread; failedDials: number }> {
  const reserved: number[] = []
  const direct: number[] = []
  let failedDials = 0
  const first = await bench.open()
  await untilEvent(first, 'relay reserved')
  for (let i = 0; i < JOINS; i++) {
    const tab = await bench.open()
    await members([first, tab])
    reserved.push(await untilEvent(tab, 'relay reserved'))
    direct.push(await untilEvent(tab, 'link live'))
    failedDials += await tab.page.evaluate(() => globalThis.page.events.filter(({ what }) => what.startsWith('link failed')).length)
    await tab.context.close()
  }
  await first.context.close()
  return { reserved: spread(reserved), direct: spread(direct), failedDials }
}

/** Echoes of 100 bytes over the wires between two tabs, ms. */
async function echo(from: Tab, to: Tab, count: number): Promise<number[]> {
  await to.page.evaluate((peer) => {
    const { network } = globalThis.page
    const scope = globalThis as { echoing?: boolean }
    // Once a tab, or two handlers would answer.
    if (scope.echoing === true) return
    scope.echoing = true
    network?.transport.onMessage((sender, message) => {
      if (sender === peer && message[0] === 1)
        network.transport.send(
          sender,
          Uint8Array.from(message, (byte, i) => (i === 0 ? 2 : byte)),
        )
    })
  }, from.peer)
  return from.page.evaluate(
    async ([peer, rounds]) => {
      const { network } = globalThis.page
      const times: number[] = []
      for (let i = 0; i < rounds; i++) {
        const start = performance.now()
        await new Promise<void>((resolve) => {
          const end = network?.transport.onMessage((_from, message) => {
            if (message[0] !== 2 || message[1] !== i % 256) return
            end?.()
            resolve()
          })
          const question = new Uint8Array(100).fill(1)
          question[1] = i % 256
          network?.transport.send(peer, question)
        })
        times.push(performance.now() - start)
      }
      return times
    },
    [to.peer, count] as const,
  )
}

/** Fetches bytes of that size in bulk; gives ms, and the control round trips meanwhile. */
async function transfer(from: Tab, to: Tab, bytes: number, withEchoes: boolean): Promise<{ ms: number; echoes: number[] }> {
  await to.page.evaluate(() => globalThis.page.network?.bulk.serve(async (name) => new Uint8Array(Number(name)).fill(7)))
  const moving = from.page.evaluate(
    async ([peer, size]) => {
      const start = performance.now()
      const data = await globalThis.page.network?.bulk.fetch(peer, String(size), { maxBytes: size, signal: AbortSignal.timeout(120_000) })
      if (data?.length !== size || data[size - 1] !== 7) throw new Error(`got ${data?.length} bytes of ${size}`)
      return performance.now() - start
    },
    [to.peer, bytes] as const,
  )
  const echoes = withEchoes ? await echo(from, to, 60) : []
  return { ms: await moving, echoes }
}

async function gossip(bench: TabBench): Promise<{ latency: Spread; delivered: number; expected: number; mesh: number }> {
  const tabs: Tab[] = []
  for (let i = 0; i < GOSSIP_TABS; i++) tabs.push(await bench.open())
  const started = performance.now()
  await members(tabs)
  await untilDirect(tabs)
  const mesh = performance.now() - started
  for (const { page } of tabs) {
    await page.evaluate(() => {
      const latencies: number[] = []
      Object.assign(globalThis, { latencies })
      globalThis.page.network?.pubsub.onMessage((_topic, _from, message) => {
        const sent = new DataView(message.buffer, message.byteOffset).getFloat64(0)
        latencies.push(performance.timeOrigin + performance.now() - sent)
      })
      globalThis.page.network?.pubsub.subscribe('roomful/bench')
    })
  }
  for (const { page } of tabs)
    await page.waitForFunction((n) => globalThis.page.network?.pubsub.subscribers('roomful/bench').length === n - 1, GOSSIP_TABS)
  for (let i = 0; i < GOSSIP_MESSAGES; i++) {
    const tab = tabs[i % tabs.length]
    await tab?.page.evaluate(() => {
      const message = new Uint8Array(200)
      new DataView(message.buffer).setFloat64(0, performance.timeOrigin + performance.now())
      crypto.getRandomValues(message.subarray(8))
      globalThis.page.network?.pubsub.publish('roomful/bench', message)
    })
  }
  const expected = GOSSIP_MESSAGES * (GOSSIP_TABS - 1)
  const collect = async (): Promise<number[]> =>
    (await Promise.all(tabs.map(({ page }) => page.evaluate(() => (globalThis as unknown as { latencies: number[] }).latencies)))).flat()
  let latencies = await collect()
  for (let i = 0; i < 50 && latencies.length < expected; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    latencies = await collect()
  }
  for (const { context } of tabs) await context.close()
  return { latency: spread(latencies), delivered: latencies.length, expected, mesh }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'boolean' } } })
  const say = (text: string): void => void (values.json === true || console.log(text))
  const bench = await openTabBench()
  try {
    const join = await joins(bench)
    say(`page load → reserved   p50 ${join.reserved.p50} ms, p95 ${join.reserved.p95} ms`)
    say(`page load → direct     p50 ${join.direct.p50} ms, p95 ${join.direct.p95} ms, ${join.failedDials} dials failed`)

    const pair = [await bench.open(), await bench.open()] as const
    await members(pair)
    await untilDirect(pair)
    const direct = spread(await echo(pair[0], pair[1], ROUND_TRIPS))
    say(`round trip, direct     p50 ${direct.p50} ms, p95 ${direct.p95} ms`)
    const mebibyte = spread(await repeat(5, async () => (await transfer(pair[0], pair[1], 2 ** 20, false)).ms))
    say(`1 MiB                  p50 ${mebibyte.p50} ms`)
    const large = await transfer(pair[0], pair[1], LARGE, false)
    say(`64 MiB                 ${Math.round(large.ms)} ms, ${(64 / (large.ms / 1000)).toFixed(1)} MiB/s`)
    const raw = [
      await rawMibPerSecond(pair[0].page, pair[1].page, LARGE, 16 * 1024),
      await rawMibPerSecond(pair[0].page, pair[1].page, LARGE, 256 * 1024),
    ]
    say(`plain data channel     ${raw[0]} MiB/s in messages of 16 KiB, ${raw[1]} in messages of 256 KiB`)
    const busy = await transfer(pair[0], pair[1], LARGE, true)
    const during = spread(busy.echoes)
    say(`round trip during it   p50 ${during.p50} ms, p95 ${during.p95} ms`)
    for (const { context } of pair) await context.close()

    const relayedPair = [await bench.open({ direct: false }), await bench.open({ direct: false })] as const
    await members(relayedPair)
    const relayed = spread(await echo(relayedPair[0], relayedPair[1], ROUND_TRIPS))
    say(`round trip, relayed    p50 ${relayed.p50} ms, p95 ${relayed.p95} ms`)
    for (const { context } of relayedPair) await context.close()

    const heard = await gossip(bench)
    say(
      `gossip, ${GOSSIP_TABS} tabs         p50 ${heard.latency.p50} ms, p95 ${heard.latency.p95} ms, ${heard.delivered} of ${heard.expected} delivered`,
    )
    say(`full mesh of ${GOSSIP_TABS} tabs     ${Math.round(heard.mesh)} ms`)
    const report = {
      join,
      roundTrip: { direct, relayed, during64MiB: during },
      transfer: {
        mebibyte,
        ms64MiB: Math.round(large.ms),
        mibPerSecond: Math.round((64 / (large.ms / 1000)) * 10) / 10,
        plainChannelMibPerSecond: { messages16KiB: raw[0], messages256KiB: raw[1] },
        ms64MiBWithEchoes: Math.round(busy.ms),
      },
      gossip: heard,
    }
    if (values.json === true) console.log(JSON.stringify(report))
  } finally {
    await bench.stop()
  }
}

async function repeat(times: number, measure: () => Promise<number>): Promise<number[]> {
  const values: number[] = []
  for (let i = 0; i < times; i++) values.push(await measure())
  return values
}

await main()
