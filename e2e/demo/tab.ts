import type { BrowserContext, Page } from 'playwright'
import type { NodeSnapshot, RoomfulNode } from '../../src/node/api.ts'
import type { DemoOptions } from './options.ts'

/** A page's node answers within this time, or the tab counts as stuck, ms. */
const ANSWER_MS = 20_000

type PageWindow = Window & { roomful?: RoomfulNode }

/** One browser tab with a context of its own, driven through the page as a person would. */
export class Tab {
  readonly context: BrowserContext
  readonly page: Page
  readonly index: number
  peer = ''
  /** The last snapshot before the tab was closed. */
  last: NodeSnapshot | null = null
  closed = false
  /** What the page reported as errors. */
  readonly errors: string[] = []

  constructor(context: BrowserContext, page: Page, index: number) {
    this.context = context
    this.page = page
    this.index = index
    page.on('pageerror', (error) => this.errors.push(error.message))
  }

  /** Loads the app and waits until its node runs. */
  async open(url: string, engine: DemoOptions['engine']): Promise<void> {
    await this.page.goto(`${url}/?engine=${engine}#/contribute`)
    await this.page.waitForFunction(() => (window as PageWindow).roomful !== undefined, null, { timeout: 60_000 })
    this.peer = await this.page.evaluate(() => (window as PageWindow).roomful!.peer)
  }

  async startContributing(): Promise<void> {
    await this.page.getByRole('button', { name: 'Start contributing' }).click()
  }

  /** Null when the tab does not answer any more. */
  async snapshot(): Promise<NodeSnapshot | null> {
    if (this.closed) return this.last
    const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), ANSWER_MS).unref())
    const answer = this.page.evaluate(() => (window as PageWindow).roomful!.snapshot()).catch(() => null)
    this.last = (await Promise.race([answer, late])) ?? this.last
    return this.last
  }

  /** As a person closes a tab: nothing is asked, nothing is finished. */
  async close(): Promise<void> {
    await this.snapshot()
    this.closed = true
    await this.page.close({ runBeforeUnload: false })
    await this.context.close()
  }
}
