import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import type { Browser, Page } from 'playwright'
import { build } from 'vite'
import { kernelByName } from '../../src/compute/kernels/index.ts'
import type { Parameter } from '../../src/domain/kernel.ts'
import { parseProof } from '../../src/domain/proof.ts'
import type { JobView } from '../../src/node/api.ts'
import { CHROMIUM_FLAGS } from '../fixtures/chromium.ts'
import { misbehave } from '../fixtures/faults.ts'
import { startRelay } from '../fixtures/relay-process.ts'
import { ChaosMonkey } from './chaos.ts'
import type { DemoOptions } from './options.ts'
import { UsageError } from './options.ts'
import { ProgressBar } from './progress.ts'
import { summarise } from './report.ts'
import type { DemoReport } from './report.ts'
import { Tab } from './tab.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** A job that has made no progress for this long has failed. */
const STALL_MS = 120_000
const LOOK_MS = 250
/** Share of a liar's answers that are wrong. */
const LIES = 0.02

/** Runs the whole demo. Rejects with {@link UsageError} when the page refuses what was typed. */
export async function runDemo(options: DemoOptions, executablePath: string): Promise<DemoReport> {
  const out = options.json ? process.stderr : process.stdout
  const bar = new ProgressBar(out)
  if (process.env['ROOMFUL_BUILT'] !== '1') {
    bar.say('Building the app …')
    await build({ root: ROOT, logLevel: 'warn' })
  }
  const data = await mkdtemp(join(tmpdir(), 'roomful-demo-'))
  const relay = await startRelay(data)
  bar.say(`Relay at ${relay.url}`)
  const browser = await chromium.launch({ executablePath, headless: !options.headed, args: CHROMIUM_FLAGS })
  try {
    const tabs = await openTabs(browser, relay.url, options, bar)
    const monkey = new ChaosMonkey(options.chaos, relay)
    const started = Date.now()
    const job = await submit(tabs[0]!, options)
    const view = await untilVerified(tabs, job, monkey, bar)
    bar.end()
    const seconds = (Date.now() - started) / 1000
    const holder = tabs.find((tab) => !tab.closed)!
    const outputs = await download(holder.page, job, options.out)
    for (const tab of tabs) await tab.snapshot()
    const { certificates } = parseProof(await readFile(outputs.find(({ path }) => path.endsWith('.json'))!.path, 'utf8'))
    const report: DemoReport = {
      job,
      kernel: view.kernel,
      chunks: view.chunks,
      microjobs: view.microjobs,
      verified: view.state === 'verified',
      seconds,
      outputs,
      ...summarise(tabs, certificates),
    }
    print(report, bar)
    return report
  } finally {
    await browser.close()
    await relay.kill()
    await rm(data, { recursive: true, force: true })
  }
}

async function openTabs(browser: Browser, url: string, options: DemoOptions, bar: ProgressBar): Promise<Tab[]> {
  const tabs = await Promise.all(
    Array.from({ length: options.tabs }, async (_, index) => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true })
      const last = index === options.tabs - 1
      if (last && options.chaos === 'silent-worker') await misbehave(context, 'silent', 1, options.seed)
      if (last && options.chaos === 'liar') await misbehave(context, 'liar', LIES, options.seed)
      return new Tab(context, await context.newPage(), index)
    }),
  )
  // In an order that the seed decides: who comes first tends to become host.
  const order = tabs
    .map((tab) => ({ tab, key: createHash('sha256').update(`${options.seed}/${tab.index}`).digest('hex') }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  for (const { tab } of order) {
    await tab.open(url, options.engine)
    // It comes when there is a room.
    if (options.chaos !== 'silent-worker' || tab !== tabs.at(-1)) await tab.startContributing()
    bar.say(`Tab ${tab.index + 1} is ${tab.peer.slice(-8)}`)
  }
  return tabs
}

/** Fills the form as a person would. Returns the job's id. */
async function submit(tab: Tab, options: DemoOptions): Promise<string> {
  const { page } = tab
  const { manifest } = kernelByName(options.job)!
  await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: 'Submit' }).first().click()
  await page
    .getByRole('link', { name: new RegExp(`^${escape(manifest.title)}`) })
    .first()
    .click()
  const form = page.getByRole('form', { name: `Submit ${manifest.title}` })
  for (const [name, value] of Object.entries(options.params)) {
    const parameter = manifest.parameters.find((entry) => entry.name === name)
    if (parameter === undefined) {
      throw new UsageError(
        `--params: ${manifest.name} has no parameter ${name}; it has ${manifest.parameters.map((entry) => entry.name).join(', ')}`,
      )
    }
    await fill(page, parameter, value)
  }
  if (options.input !== null) {
    if (manifest.input.kind === 'none') throw new UsageError(`--input ${options.input}: ${manifest.name} takes no input`)
    await form.locator('input[type=file]').setInputFiles(resolve(options.input))
  }
  if (options.chaos === 'liar') await choose(page, 'Chunks that may be wrong', '1 in 100,000')
  if (options.chaos === 'silent-worker') await choose(page, 'Patience with a silent tab', '5 s')
  const button = form.getByRole('button', { name: 'Submit job' })
  const refused = page.getByRole('alert').or(form.locator('[aria-invalid=true]')).first()
  await Promise.race([
    page.waitForFunction((element) => !(element as HTMLButtonElement).disabled, await button.elementHandle(), { timeout: 30_000 }),
    refused.waitFor({ timeout: 30_000 }).then(async () => {
      throw new UsageError(await complaint(page))
    }),
  ])
  await button.click()
  await page.waitForURL(/#\/results\/.+/, { timeout: 30_000 })
  return (await page.getByTestId('job-id').textContent()) ?? ''
}

async function choose(page: Page, label: string, option: string): Promise<void> {
  await page.getByRole('combobox', { name: label }).click()
  await page.getByRole('option', { name: option }).click()
}

async function fill(page: Page, parameter: Parameter, value: string | number | number[]): Promise<void> {
  const field = page.getByLabel(parameter.label, { exact: true }).first()
  if (parameter.choices === undefined) return field.fill(Array.isArray(value) ? value.join(' ') : String(value))
  const label = Object.entries(parameter.choices).find(([name, number]) => name === value || number === value)?.[0]
  if (label === undefined)
    throw new UsageError(`--params: ${parameter.name} ${String(value)} is not one of ${Object.keys(parameter.choices).join(', ')}`)
  await field.click()
  await page.getByRole('option', { name: label, exact: true }).click()
}

/** What the page says is wrong, in one line. */
async function complaint(page: Page): Promise<string> {
  const texts = await page.locator('[role=alert], .mantine-InputWrapper-error').allTextContents()
  return (
    texts
      .map((text) => text.trim())
      .filter(Boolean)
      .join(' ') || 'the page refused the job'
  )
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}

/** Watches the tabs until the job is verified, and lets the fault strike on the way. */
async function untilVerified(tabs: Tab[], job: string, monkey: ChaosMonkey, bar: ProgressBar): Promise<JobView> {
  let moved = Date.now()
  let seen = -1
  for (;;) {
    const snapshots = await Promise.all(tabs.filter((tab) => !tab.closed).map((tab) => tab.snapshot()))
    const views = snapshots.flatMap((snapshot) => snapshot?.jobs.filter(({ id }) => id === job) ?? [])
    const best = views.reduce<JobView | null>(
      (a, b) => (a === null || b.chunksVerified + b.chunksDone > a.chunksVerified + a.chunksDone ? b : a),
      null,
    )
    if (best !== null) {
      const working = snapshots.filter((snapshot) => snapshot?.room != null).length
      bar.show(best.chunksDone, best.chunksVerified, best.chunks, `${working} tabs in rooms`)
      if (best.state === 'verified' && monkey.struck) return best
      const struck = await monkey.strike(tabs, best.chunksDone / best.chunks)
      if (struck !== null) bar.say(`Chaos: ${struck}`)
      const score = best.chunksDone + best.chunksVerified
      if (score !== seen) {
        seen = score
        moved = Date.now()
      }
      if (best.state === 'verified') throw new Error('the job was done before the fault could strike: give it more work')
    }
    if (Date.now() - moved > STALL_MS) throw new Error(`nothing has moved for ${STALL_MS / 1000} s: ${describe(tabs)}`)
    await new Promise((wake) => setTimeout(wake, LOOK_MS))
  }
}

function describe(tabs: Tab[]): string {
  return tabs
    .map((tab) => {
      const { last } = tab
      const room = last?.room
      const doing = tab.closed
        ? 'closed'
        : room == null
          ? (last?.contribution.state ?? 'no answer')
          : `${room.host === tab.peer ? 'host' : 'member'} of microjob ${room.microjob}, ${room.stage}, ${room.members.length} members`
      const apart = room?.members.filter(({ link }) => link === 'none').map(({ peer }) => `no connection to ${peer.slice(-8)}`) ?? []
      return [`tab ${tab.index + 1}: ${doing}`, ...apart, ...(last?.problems.map(({ message }) => message) ?? []), ...tab.errors].join(
        ' · ',
      )
    })
    .join('\n')
}

/** Opens the result in a tab that is still there, and takes its files as a person would. */
async function download(page: Page, job: string, directory: string): Promise<DemoReport['outputs']> {
  await page.goto(`${page.url().split('#')[0]}#/results/${job}`)
  await mkdir(directory, { recursive: true })
  const outputs: DemoReport['outputs'] = []
  await page.getByTestId('output-sha256').waitFor({ timeout: 60_000 })
  for (const name of ['Download raw bytes', 'Download PNG', 'Download certificates']) {
    const button = page.getByRole('button', { name })
    if ((await button.count()) === 0) continue
    const [file] = await Promise.all([page.waitForEvent('download', { timeout: 60_000 }), button.click()])
    const path = join(directory, file.suggestedFilename())
    await file.saveAs(path)
    const bytes = await readFile(path)
    outputs.push({ path, sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length })
  }
  return outputs
}

function print(report: DemoReport, bar: ProgressBar): void {
  for (const [index, tab] of report.tabs.entries()) {
    const roles = [tab.timesHost > 0 ? `host ${tab.timesHost}×` : '', tab.verifier > 0 ? `verifier ${tab.verifier}×` : '']
      .filter(Boolean)
      .join(', ')
    bar.say(`Tab ${index + 1}  ${tab.peer.slice(-8)}  ${tab.engine}  ${tab.chunks} chunks  ${roles}`)
  }
  bar.say(`${report.links.direct} direct links, ${report.links.relayed} relayed; ${report.hostChanges} changes of host`)
  for (const { peer, reason } of report.expelled) bar.say(`Gone: ${peer.slice(-8)}: ${reason}`)
  for (const { peer, chunks } of report.relieved) bar.say(`Relieved: ${peer.slice(-8)} of ${chunks} chunks, which others finished`)
  for (const { path, bytes } of report.outputs) bar.say(`${path}  ${bytes} bytes`)
  bar.say(report.verified ? `Complete and verified in ${report.seconds.toFixed(1)} s` : 'NOT verified')
}
