import { expect, ready, snapshot, submitPicture, test, until } from './fixtures/tabs.ts'

interface TaskWindow extends Window {
  longTasks?: { ms: number; at: number }[]
}

test('a contributing tab computes on, and the tasks over 50 ms on its main thread are counted', async ({ openTab }) => {
  const pages = [await openTab(), await openTab()]
  for (const page of pages) {
    await ready(page)
    await page.getByRole('button', { name: 'Start contributing' }).click()
  }
  await submitPicture(pages[0]!, {
    Width: '1200',
    Height: '800',
    'Centre, real part': '-0.7269',
    'Centre, imaginary part': '0.1889',
    'Width of the view': '0.01',
    'Most iterations': '6000',
  })
  await until(pages[1]!, (snapshot) => snapshot.contribution.chunksDone >= 2)
  await pages[1]!.evaluate(() => {
    const page = window as TaskWindow
    page.longTasks = []
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) page.longTasks!.push({ ms: entry.duration, at: entry.startTime })
    }).observe({ entryTypes: ['longtask'] })
  })
  await until(pages[1]!, (snapshot) => snapshot.jobs[0]?.state === 'verified')
  const tasks = await pages[1]!.evaluate(() => (window as TaskWindow).longTasks ?? [])
  test.info().annotations.push({ type: 'long tasks', description: JSON.stringify(tasks) })
  console.log(`long tasks while chunks ran: ${tasks.length}, longest ${Math.max(0, ...tasks.map(({ ms }) => ms))} ms`)
  expect((await snapshot(pages[1]!)).contribution.chunksDone).toBeGreaterThanOrEqual(3)
})
