import { startRelay } from './fixtures/relay-process.ts'
import { expect, ready, submitPicture, test, until } from './fixtures/tabs.ts'

test.describe('the relay', () => {
  test('restarts with the job database intact: a job submitted before is listed in a new browser', async ({ relay, openTab }) => {
    const page = await openTab()
    await ready(page)
    await until(page, (snapshot) => snapshot.network.relays.some(({ state }) => state === 'reserved'))
    const job = await submitPicture(page, { Width: '64', Height: '64', Title: 'Kept over a restart' })
    await expect
      .poll(async () => (await (await fetch(`${relay.url}/metrics`)).text()).match(/roomful_archive_jobs (\d+)/)?.[1], { timeout: 60_000 })
      .toBe('1')
    await page.context().close()
    await relay.kill()

    const again = await startRelay(relay.directory, relay.port)
    try {
      const later = await openTab(`/#/results/${job}`)
      await expect(later.getByRole('heading', { name: 'Kept over a restart' })).toBeVisible({ timeout: 60_000 })
      await expect(later.getByTestId('job-state')).toHaveText(/open/i)
    } finally {
      await again.kill()
    }
  })

  test('gone after two tabs have met, leaves the job database to their direct link', async ({ relay, openTab }) => {
    const pages = [await openTab(), await openTab()]
    for (const page of pages) {
      await ready(page)
      await until(page, ({ network }) => network.peers.some(({ link }) => link === 'direct'))
    }
    await relay.kill()
    await until(pages[0]!, ({ network }) => network.relays.every(({ state }) => state !== 'reserved'))
    const job = await submitPicture(pages[0]!, { Width: '64', Height: '64', Title: 'Without a relay' })
    await pages[1]!.goto(`${relay.url}/#/results/${job}`)
    await expect(pages[1]!.getByRole('heading', { name: 'Without a relay' })).toBeVisible({ timeout: 60_000 })
    // Its blocks came as well: the kernel has its name.
    await until(pages[1]!, ({ jobs }) => jobs[0]?.kernel === 'mandelbrot')
  })

  test('gone after a page was opened, leaves to it what it had not done before', async ({ relay, browser }) => {
    const context = await browser.newContext({ serviceWorkers: 'block' })
    const page = await context.newPage()
    await page.goto(`${relay.url}/#/contribute`)
    await ready(page)
    await page.waitForFunction(() =>
      (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).some(
        ({ name, responseEnd }) => name.includes('/decode.worker') && responseEnd > 0,
      ),
    )
    await relay.kill()
    await page.goto(`${relay.url}/#/submit/convolve`)
    await page.locator('input[type=file]').setInputFiles('public/icons/icon-192.png')
    await expect(page.getByTestId('photo-name')).toContainText('icon-192.png')
    await context.close()
  })

  test('unreachable, leaves the page usable and says what to do', async ({ relay, openTab }) => {
    const page = await openTab('/?relay=/ip4/127.0.0.1/tcp/1/ws/p2p/12D3KooWBem4nSa7BYDiifCffHXK9UV8fVXEgrd1PMiKasgEWxES')
    await ready(page)
    const alert = page.getByRole('alert').filter({ hasText: 'No relay can be reached' })
    await expect(alert).toContainText(/127\.0\.0\.1:1: nothing answers there,/, { timeout: 30_000 })
    await expect(alert).not.toContainText('p2p')
    const job = await submitPicture(page, { Width: '64', Height: '64' })
    expect(job).toMatch(/^bafy/)
    expect(relay.url).toContain('127.0.0.1')
  })
})
