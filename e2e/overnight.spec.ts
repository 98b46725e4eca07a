import { JOB, VIEW, contribute, newsOf, outputHash, submit, tabs, untilVerified } from './fixtures/job.ts'
import { mandelbrotHash } from './fixtures/reference.ts'
import { startRelay } from './fixtures/relay-process.ts'
import { expect, ready, snapshot, test, until } from './fixtures/tabs.ts'

/** The manifest and the kernel. */
const OTHER_BLOCKS = 2

test('a job whose tabs were all closed is finished by others after the relay restarted, and its requester finds it', async ({
  relay,
  openTab,
}) => {
  const [first] = await tabs(openTab, 1)
  const job = await submit(first!, JOB)
  await contribute([first!])
  await until(first!, ({ jobs }) => jobs.some(({ chunksDone }) => chunksDone >= 10))
  const archived = async (): Promise<number> => {
    const metrics = await (await fetch(`${relay.url}/metrics`)).text()
    return Number(/roomful_archive_blocks (\d+)/.exec(metrics)?.[1]) - OTHER_BLOCKS
  }
  await expect.poll(archived, { timeout: 60_000 }).toBeGreaterThanOrEqual(5)
  const { chunks, state } = (await snapshot(first!)).jobs[0]!
  expect(state).not.toBe('verified')
  const owner = first!.context()
  await first!.close({ runBeforeUnload: false })
  const kept = await archived()
  await relay.kill()

  const again = await startRelay(relay.directory, relay.port)
  try {
    const others = await tabs(openTab, 2)
    await contribute(others)
    // Each learns of it in its own time.
    for (const other of others) await untilVerified(other, job)
    const started = (await Promise.all(others.map(newsOf))).flat().flatMap((news) => (news.kind === 'chunkStarted' ? [news.chunk] : []))
    expect(new Set(started).size).toBeLessThanOrEqual(chunks - kept)
    expect(await outputHash(others[1]!, job)).toBe(mandelbrotHash(VIEW))

    const later = await owner.newPage()
    await later.goto(`${relay.url}/#/results/${job}`)
    await ready(later)
    await untilVerified(later, job)
    expect(await outputHash(later, job)).toBe(mandelbrotHash(VIEW))
  } finally {
    await again.kill()
  }
})
