import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CHROMIUM_FLAGS, findChromium } from '../e2e/fixtures/chromium.ts'
import { openTabBench } from '../src/net/testing/tabs.ts'

/**
 * What a hidden tab keeps doing. Driven over the plain DevTools protocol, because Playwright's own flags switch off the
 * throttling of hidden tabs. `--minutes N` (6), `--json`.
 */

/** The few commands of the DevTools protocol that are needed here. */
class DevTools {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  #last = 0

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      const { id, result, error } = JSON.parse(data) as { id?: number; result?: unknown; error?: { message: string } }
      const waiting = this.#waiting.get(id ?? -1)
      this.#waiting.delete(id ?? -1)
      if (error === undefined) waiting?.resolve(result)
      else waiting?.reject(new Error(error.message))
    }
  }

  static async connect(url: string): Promise<DevTools> {
    const socket = new WebSocket(url)
    await new Promise((resolve, reject) => {
      socket.onopen = resolve
      socket.onerror = reject
    })
    return new DevTools(socket)
  }

  send<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    const id = ++this.#last
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }))
    }) as Promise<T>
  }

  async evaluate<T>(session: string, expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send<{ result: { value: T }; exceptionDetails?: { text: string } }>(
      'Runtime.evaluate',
      { expression, awaitPromise: true, returnByValue: true },
      session,
    )
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${exceptionDetails.text}`)
    return result.value
  }

  async open(url: string): Promise<{ target: string; session: string }> {
    const { targetId: target } = await this.send<{ targetId: string }>('Target.createTarget', { url })
    const { sessionId: session } = await this.send<{ sessionId: string }>('Target.attachToTarget', { targetId: target, flatten: true })
    return { target, session }
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 100))
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'boolean' }, minutes: { type: 'string', default: '6' } } })
  const ms = Number(values.minutes) * 60_000
  const profile = await mkdtemp(join(tmpdir(), 'roomful-hidden-'))
  const bench = await openTabBench()
  const chromium = spawn(findChromium(), [
    ...CHROMIUM_FLAGS,
    '--headless=new',
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
    'about:blank',
  ])
  try {
    const url = await new Promise<string>((resolve) => {
      let said = ''
      chromium.stderr.on('data', (text: Buffer) => {
        said += text.toString()
        const match = /listening on (ws:\S+)/.exec(said)
        if (match?.[1] !== undefined) resolve(match[1])
      })
    })
    const tools = await DevTools.connect(url)
    const partner = await bench.open()
    const open = async (more: object) => {
      const tab = await tools.open(bench.relay.url)
      await until(() => tools.evaluate(tab.session, 'globalThis.page !== undefined'))
      const peer = await tools.evaluate<string>(
        tab.session,
        `page.start([${JSON.stringify(bench.relay.multiaddr)}], ${JSON.stringify(more)})`,
      )
      await until(() => tools.evaluate(tab.session, `page.network.links.snapshot().relays[0].state === 'reserved'`))
      return { ...tab, peer }
    }
    const member = await open({})
    const idle = await open({ maxLinks: 0 })
    await tools.evaluate(member.session, `page.network.transport.setMembers(${JSON.stringify([member.peer, partner.peer])})`)
    await partner.page.evaluate(
      (peers) => {
        const { network } = globalThis.page
        network?.transport.setMembers(peers)
        network?.transport.onMessage((from, message) => network.transport.send(from, message))
      },
      [member.peer, partner.peer],
    )
    await until(() => tools.evaluate(member.session, `page.network.transport.stats()[0].link === 'direct'`))
    for (const { session } of [member, idle]) {
      await tools.evaluate(
        session,
        `(() => {
          globalThis.ticks = { page: 0, worker: 0, trips: [] }
          const clock = page.createSystemClock()
          const page_ = () => { ticks.page++; setTimeout(page_, 100) }
          const worker = () => { ticks.worker++; clock.after(100, worker) }
          page_(); worker()
          let sent = 0
          const ask = () => { sent = performance.now(); page.network.transport.send(page.network.transport.stats()[0].peer, new Uint8Array(100)); clock.after(2000, ask) }
          page.network.transport.onMessage(() => ticks.trips.push(performance.now() - sent))
          if (page.network.transport.stats().length > 0) ask()
        })()`,
      )
    }
    // A third tab in front hides both.
    const front = await tools.open('about:blank')
    await tools.send('Target.activateTarget', { targetId: front.target })
    await until(async () => (await tools.evaluate<string>(member.session, 'document.visibilityState')) === 'hidden')
    await until(async () => (await tools.evaluate<string>(idle.session, 'document.visibilityState')) === 'hidden')
    const read = (session: string) => tools.evaluate<{ page: number; worker: number; trips: number[] }>(session, 'ticks')
    const before = [await read(member.session), await read(idle.session)] as const
    // Chromium throttles harder after five minutes: the last minute is looked at on its own.
    const lastMs = Math.min(60_000, ms / 2)
    await new Promise((resolve) => setTimeout(resolve, ms - lastMs))
    const late = [await read(member.session), await read(idle.session)] as const
    await new Promise((resolve) => setTimeout(resolve, lastMs))
    const after = [await read(member.session), await read(idle.session)] as const
    const rate = (to: number, from: number, over: number): number => Math.round(((to - from) / (over / 1000)) * 100) / 100
    const figures = (i: 0 | 1) => ({
      pageTimersPerSecond: { all: rate(after[i].page, before[i].page, ms), lastMinute: rate(after[i].page, late[i].page, lastMs) },
      clockTimersPerSecond: { all: rate(after[i].worker, before[i].worker, ms), lastMinute: rate(after[i].worker, late[i].worker, lastMs) },
    })
    const trips = after[0].trips.slice(before[0].trips.length).sort((a, b) => a - b)
    const report = {
      minutes: Number(values.minutes),
      askedPerSecond: 10,
      roomMember: {
        ...figures(0),
        roundTripMs: { p50: trips[Math.floor(trips.length / 2)], p95: trips[Math.floor(trips.length * 0.95)], n: trips.length },
      },
      idleContributor: figures(1),
      stillReserved: [
        await tools.evaluate<string>(member.session, 'page.network.links.snapshot().relays[0].state'),
        await tools.evaluate<string>(idle.session, 'page.network.links.snapshot().relays[0].state'),
      ],
    }
    console.log(values.json === true ? JSON.stringify(report) : report)
  } finally {
    const ended = new Promise((resolve) => chromium.once('exit', resolve))
    chromium.kill()
    await ended
    await bench.stop()
    await rm(profile, { recursive: true, force: true })
  }
}

await main()
