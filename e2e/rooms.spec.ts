import { JOB, VIEW, contribute, newsOf, outputHash, submit, tabs, untilVerified } from './fixtures/job.ts'
import type { PageWindow } from './fixtures/job.ts'
import { mandelbrotHash } from './fixtures/reference.ts'
import { expect, snapshot, test, until } from './fixtures/tabs.ts'

test('tabs that begin at once make one room, and when its host is closed one takes over and nothing finished is computed again', async ({
  openTab,
}) => {
  const pages = await tabs(openTab, 4)
  const job = await submit(pages[0]!, JOB)
  for (const page of pages) await until(page, ({ jobs }) => jobs.some(({ id }) => id === job))
  await contribute(pages)
  await expect
    .poll(
      async () => {
        const rooms = (await Promise.all(pages.map(snapshot))).map(({ room }) => room)
        return { hosts: new Set(rooms.map((room) => room?.host)).size, members: rooms.map((room) => room?.members.length) }
      },
      { timeout: 90_000 },
    )
    .toEqual({ hosts: 1, members: [4, 4, 4, 4] })

  const peers = await Promise.all(pages.map(async (page) => (await snapshot(page)).peer))
  const before = await Promise.all(pages.map(snapshot))
  const host = peers.indexOf(before[0]!.room!.host)
  const survivors = pages.filter((_, i) => i !== host)
  // What only some of them know may reach the successor too late to count; what they all know is never lost.
  const known = before.flatMap(({ room }, i) =>
    i === host ? [] : [new Set(room!.chunks.filter(({ state }) => state === 'done').map(({ id }) => id))],
  )
  const finished = new Set([...known[0]!].filter((chunk) => known.every((chunks) => chunks.has(chunk))))
  const closedAt = Date.now()
  await pages[host]!.close({ runBeforeUnload: false })
  await untilVerified(survivors[0]!, job)

  const news = await Promise.all(survivors.map(newsOf))
  const after = news.map((list) => list.filter(({ at }) => at >= closedAt))
  const successors = after.flatMap((list) => list.flatMap((entry) => (entry.kind === 'hostChanged' ? [`${entry.host} ${entry.term}`] : [])))
  expect(new Set(successors).size, successors.join(', ')).toBe(1)
  const again = after.flatMap((list) =>
    list.flatMap((entry) => (entry.kind === 'chunkStarted' && finished.has(entry.chunk) ? [entry.chunk] : [])),
  )
  expect(again).toEqual([])
  expect(await outputHash(survivors[0]!, job)).toBe(mandelbrotHash(VIEW))
})

test('a room takes in as many as its job allows; who is left out opens another, and leaves when what it has in hand is finished', async ({
  openTab,
}) => {
  const pages = await tabs(openTab, 4)
  const job = await submit(pages[0]!, { ...JOB, capacity: 2 })
  await contribute(pages)
  const sizes: number[] = []
  await expect
    .poll(
      async () => {
        const rooms = (await Promise.all(pages.map(snapshot))).map(({ room }) => room)
        sizes.push(...rooms.map((room) => room?.members.length ?? 0))
        return new Set(rooms.flatMap((room) => (room === null ? [] : [room.host]))).size
      },
      { timeout: 90_000 },
    )
    .toBeGreaterThanOrEqual(2)

  const leaver = pages[3]!
  const left = await leaver.evaluate(async () => {
    const { roomful, news } = window as unknown as PageWindow
    await roomful.finishThenStop()
    const started = news.filter(({ kind }) => kind === 'chunkStarted').length
    return {
      state: roomful.snapshot().contribution.state,
      room: roomful.snapshot().room,
      unfinished: started - news.filter(({ kind }) => kind === 'chunkDone').length,
    }
  })
  expect(left).toEqual({ state: 'off', room: null, unfinished: 0 })
  await untilVerified(pages[0]!, job)
  expect(Math.max(...sizes)).toBe(2)
  expect(await outputHash(pages[0]!, job)).toBe(mandelbrotHash(VIEW))
})

test('one node is asked for one piece of work, and this one does it when nobody else can', async ({ openTab }) => {
  const small = { ...VIEW, width: 64, height: 64 }
  const [asker, ...others] = await tabs(openTab, 3)
  await contribute(others)
  for (const page of others) await until(page, ({ contribution }) => contribution.state === 'seeking')
  await asker!.goto(`${asker!.url().split('#')[0]}#/submit/mandelbrot`)
  for (const [label, value] of [
    ['Width', '64'],
    ['Height', '64'],
    ['Centre, real part', small.centreX],
    ['Centre, imaginary part', small.centreY],
    ['Width of the view', small.span],
    ['Most iterations', String(small.iterations)],
  ] as const)
    await asker!.getByLabel(label, { exact: true }).fill(value)
  await asker!.getByRole('button', { name: 'Ask one node' }).click()
  const wanted = mandelbrotHash(small)
  await expect(asker!.getByTestId('answer-sha256')).toHaveText(wanted, { timeout: 30_000 })

  const { peer, requests, jobs } = await snapshot(asker!)
  expect(jobs).toEqual([])
  const [outcome] = requests.outcomes
  expect(outcome).toMatchObject({ requester: peer, reason: '' })
  const helpers = (await Promise.all(others.map(snapshot))).filter((entry) => entry.requests.answered > 0)
  expect(helpers.map((entry) => entry.peer)).toEqual([outcome!.worker])
  // Everybody who listens hears the same, and it is in everybody's ledger.
  for (const page of [asker!, ...others]) {
    await until(page, (entry) => entry.requests.outcomes.some(({ id, worker }) => id === outcome!.id && worker === outcome!.worker))
    await until(page, (entry) => entry.ledger.entries === 1)
  }

  for (const page of others) await page.evaluate(() => (window as unknown as PageWindow).roomful.stopContributing())
  await asker!.getByRole('button', { name: 'Ask one node' }).click()
  await until(asker!, (entry) => entry.requests.outcomes.length === 2)
  expect((await snapshot(asker!)).requests.outcomes[1]).toMatchObject({ requester: peer, worker: peer })
  await expect(asker!.getByTestId('answer-sha256')).toHaveText(wanted)
})
