import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { build } from 'vite'
import { CHROMIUM_FLAGS, findChromium } from '../../../e2e/fixtures/chromium.ts'
import { createRelay } from '../../../relay/relay.ts'
import type { Browser, BrowserContext, Page } from 'playwright'
import type { Relay, RelayInit } from '../../../relay/relay.ts'
import type { TestPage } from './page.ts'

declare global {
  // The test page puts it there.
  var page: TestPage
}

/** A real relay that serves a page with the network in it, and a browser to open it in. */
export interface TabBench {
  readonly relay: Relay
  readonly browser: Browser
  readonly directory: string
  /** A tab in a context of its own, its network started. */
  open(more?: TabInit): Promise<Tab>
  /** A tab with a bare node, which keeps no links. */
  openBare(): Promise<Tab>
  /** Another relay on the same page, for tests with several. */
  openRelay(init?: Partial<RelayInit>): Promise<Relay>
  stop(): Promise<void>
}

/** What a tab's network is started with: plain data, because it travels to the page. */
export interface TabInit {
  relays?: string[]
  direct?: boolean
  iceServers?: RTCIceServer[]
  iceTransportPolicy?: RTCIceTransportPolicy
}

export interface Tab {
  readonly peer: string
  readonly page: Page
  readonly context: BrowserContext
}

/** Builds the test page once, starts a relay that serves it, and a browser. */
export async function openTabBench(init: Partial<RelayInit> = {}): Promise<TabBench> {
  const directory = await mkdtemp(join(tmpdir(), 'roomful-tabs-'))
  const staticDir = join(directory, 'page')
  await build({
    root: fileURLToPath(new URL('.', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    worker: { format: 'es' },
    build: { outDir: staticDir, emptyOutDir: true, target: 'es2024', minify: false },
  })
  const relays: Relay[] = []
  const openRelay = async (more: Partial<RelayInit> = {}): Promise<Relay> => {
    const relay = await createRelay({ port: 0, dataDir: join(directory, `relay-${relays.length}`), staticDir, ...more })
    relays.push(relay)
    return relay
  }
  const relay = await openRelay(init)
  const browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_FLAGS })
  const openPage = async (): Promise<Omit<Tab, 'peer'>> => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(relay.url)
    await page.waitForFunction(() => globalThis.page !== undefined)
    return { context, page }
  }
  return {
    relay,
    browser,
    directory,
    openRelay,
    async open({ relays: addresses = [relay.multiaddr], ...more } = {}) {
      const opened = await openPage()
      return {
        ...opened,
        peer: await opened.page.evaluate(([relays, init]) => globalThis.page.start(relays, init), [addresses, more] as const),
      }
    },
    async openBare() {
      const opened = await openPage()
      return { ...opened, peer: await opened.page.evaluate((address) => globalThis.page.startBare(address), relay.multiaddr) }
    },
    async stop() {
      await browser.close()
      await Promise.all(relays.map((each) => each.stop()))
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Waits in a tab until its events contain one that starts with `what`; gives its time since the page's origin, ms. */
export async function untilEvent({ page }: Tab, what: string): Promise<number> {
  const handle = await page.waitForFunction((start) => globalThis.page.events.find((event) => event.what.startsWith(start))?.at, what, {
    polling: 20,
    timeout: 30_000,
  })
  return (await handle.jsonValue()) ?? 0
}
