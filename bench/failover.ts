import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright'
import type { Browser, Page } from 'playwright'
import { kernelByName } from '../src/compute/kernels/index.ts'
import type { RoomNews, RoomfulNode } from '../src/node/api.ts'
import { CHROMIUM_FLAGS, findChromium } from '../e2e/fixtures/chromium.ts'
import { startRelay } from '../e2e/fixtures/relay-process.ts'

/**
 * How long a room stands still when its host's tab is closed: from the closing to the first chunk that its successor
 * grants, with a real relay and real tabs. The successor says of itself that it is host and what it grants, and when;
 * all clocks are this machine's. On the way: how long a tab takes from its start to its first chunk in a running room,
 * and how long it has nothing to compute between two microjobs.
 *
 * `--rounds N` (10) hosts are closed, one after the other; `--tabs N` (4); `--crash` ends the host's process instead, so
 * that nobody hears a farewell; `--json`. The app has to be built.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    tabs: { type: 'string', default: '4' },
    crash: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const ROUNDS = Number(values.rounds)
const TABS = Number(values.tabs)
/** What takes longer than this has failed, ms. */
const PATIENCE_MS = 60_000
/** Chunks that the room computes undisturbed before the first host goes. */
const CALM_CHUNKS = 20
/** Members of a room whose host is closed, at least: alone, a successor would have nobody to ask. */
const LEAST_MEMBERS = 3

type PageWindow = Window & { roomful?: RoomfulNode; news: RoomNews[] }

/** ms from the closing. */
interface Failover {
  tookOver: number
  granted: number
  /** Why the host counted as gone. */
  reason: string
}

interface Tab {
  page: Page
  peer: string
  /** When it was told to contribute, ms since the epoch. */
  startedAt: number
}

async function openTab(browser: Browser, url: string): Promise<Tab> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${url}/?engine=cpu`)
  await page.waitForFunction(() => (window as unknown as PageWindow).roomful !== undefined, null, { timeout: PATIENCE_MS })
  return page
    .evaluate(async () => {
      const { roomful } = window as unknown as PageWindow
      const news: RoomNews[] = ((window as unknown as PageWindow).news = [])
      roomful!.onNews((entry) => news.push(entry))
      const startedAt = Date.now()
      await roomful!.contribute({ workers: 1 })
      return { peer: roomful!.peer, startedAt }
    })
    .then((told) => ({ page, ...told }))
}

const newsOf = (tab: Tab): Promise<RoomNews[]> => tab.page.evaluate(() => (window as unknown as PageWindow).news)

/** Asks again and again until there is an answer. */
async function until<T>(what: string, ask: () => Promise<T | null>): Promise<T> {
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const answer = await ask()
    if (answer !== null) return answer
    if (Date.now() > end) throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** A host with two members or more that all have direct links. */
function hostOf(tabs: Tab[]): Promise<Tab> {
  return until('a room of three', async () => {
    const views = await Promise.all(
      tabs.map(({ page }) =>
        page.evaluate(() => {
          const { room } = (window as unknown as PageWindow).roomful!.snapshot()
          return room === null ? null : { host: room.host, members: room.members.map(({ peer, link }) => ({ peer, link })) }
        }),
      ),
    )
    const host = tabs.find(({ peer }, i) => {
      const view = views[i]
      if (view?.host !== peer) return false
      const together = views.filter((other) => other?.host === peer)
      const direct = together.every((other) => other!.members.every(({ link }) => link === 'self' || link === 'direct'))
      return direct && together.length >= LEAST_MEMBERS && together.length === view.members.length
    })
    return host ?? null
  })
}

async function close(tab: Tab): Promise<number> {
  if (!values.crash) {
    const at = Date.now()
    await tab.page.close({ runBeforeUnload: false })
    return at
  }
  const session = await tab.page.context().newCDPSession(tab.page)
  const at = Date.now()
  // The answer never comes: there is nobody left to give it.
  session.send('Page.crash').catch(() => undefined)
  return at
}

/** When somebody who became host after `since` granted its first chunk, and when it became host. */
async function firstGrant(tabs: Tab[], since: number): Promise<Failover> {
  return until('a chunk granted by a new host', async () => {
    for (const tab of tabs) {
      const news = (await newsOf(tab)).filter(({ at }) => at >= since)
      const took = news.find((entry) => entry.kind === 'hostChanged' && entry.host === tab.peer)
      if (took?.kind !== 'hostChanged') continue
      const grant = news.find((entry) => entry.kind === 'granted' && entry.term >= took.term)
      const gone = news.find((entry) => entry.kind === 'departed')
      if (grant !== undefined)
        return { tookOver: took.at - since, granted: grant.at - since, reason: gone?.kind === 'departed' ? gone.reason : '' }
    }
    return null
  })
}

/** ms between a chunk's end and the next one's begin in another microjob. */
function gaps(news: RoomNews[]): number[] {
  const steps = news.filter((entry) => entry.kind === 'chunkStarted' || entry.kind === 'chunkDone')
  return steps.flatMap((entry, i) => {
    const next = steps[i + 1]
    const changes = entry.kind === 'chunkDone' && next?.kind === 'chunkStarted' && next.microjob !== entry.microjob
    return changes ? [next.at - entry.at] : []
  })
}

/** ms from a tab's start to its place in a room, and to its first chunk. */
function arrival({ startedAt }: Tab, news: RoomNews[]): { joined: number; computing: number } | null {
  const joined = news.find(({ kind }) => kind === 'joined')
  const first = news.find(({ kind }) => kind === 'chunkStarted')
  return joined === undefined || first === undefined ? null : { joined: joined.at - startedAt, computing: first.at - startedAt }
}

const sorted = (list: number[]): number[] => [...list].sort((a, b) => a - b)
const median = (list: number[]): number | null => (list.length === 0 ? null : sorted(list)[list.length >> 1]!)

const directory = await mkdtemp(join(tmpdir(), 'roomful-failover-'))
const relay = await startRelay(directory)
const browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_FLAGS })
try {
  const tabs: Tab[] = []
  for (let i = 0; i < TABS; i++) tabs.push(await openTab(browser, relay.url))
  const requester = await browser.newContext().then((context) => context.newPage())
  await requester.goto(relay.url)
  await requester.waitForFunction(() => (window as unknown as PageWindow).roomful !== undefined, null, { timeout: PATIENCE_MS })
  await requester.evaluate(
    ({ kernel }) =>
      (window as unknown as PageWindow).roomful!.submit({
        title: 'Failover',
        kernel,
        parameters: { width: 8192, height: 8192, centreX: '-0.7269', centreY: '0.1889', span: '0.01', iterations: 8_000 },
        input: null,
        epsilon: 0.01,
        chunk: [256, 128, 1],
      }),
    { kernel: kernelByName('mandelbrot')! },
  )
  const chunks = async () => (await Promise.all(tabs.map(newsOf))).flat().filter(({ kind }) => kind === 'chunkDone').length
  await hostOf(tabs)
  await until('the calm before', async () => ((await chunks()) >= CALM_CHUNKS ? true : null))
  const idle = (await Promise.all(tabs.map(newsOf))).flatMap(gaps)

  const failovers: Failover[] = []
  const arrivals: { joined: number; computing: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const host = await hostOf(tabs)
    tabs.splice(tabs.indexOf(host), 1)
    const since = await close(host)
    failovers.push(await firstGrant(tabs, since))
    const fresh = await openTab(browser, relay.url)
    tabs.push(fresh)
    arrivals.push(await until('a new tab computes', async () => arrival(fresh, await newsOf(fresh))))
    if (!values.json) console.error(`${round + 1}: ${JSON.stringify({ ...failovers.at(-1), ...arrivals.at(-1) })}`)
  }
  const granted = failovers.map((entry) => entry.granted)
  const report = {
    end: values.crash ? 'crashed' : 'closed',
    tabs: TABS,
    rounds: ROUNDS,
    firstGrantMedianMs: median(granted),
    firstGrantWorstMs: sorted(granted).at(-1),
    firstGrantMs: granted,
    hostGoneBecause: [...new Set(failovers.map(({ reason }) => reason))],
    tookOverMedianMs: median(failovers.map(({ tookOver }) => tookOver)),
    newTabJoinedMedianMs: median(arrivals.map(({ joined }) => joined)),
    newTabComputingMedianMs: median(arrivals.map(({ computing }) => computing)),
    idleBetweenMicrojobsMedianMs: median(idle),
    idleBetweenMicrojobsWorstMs: sorted(idle).at(-1) ?? null,
    changesOfMicrojob: idle.length,
  }
  console.log(values.json ? JSON.stringify(report) : report)
} finally {
  await browser.close()
  await relay.kill()
  await rm(directory, { recursive: true, force: true })
}
