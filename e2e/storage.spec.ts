import { readFile } from 'node:fs/promises'
import type { BrowserContext, Page } from '@playwright/test'
import { expect, ready, snapshot, submitPicture, test, until } from './fixtures/tabs.ts'

const reserved = (page: Page): Promise<void> => until(page, ({ network }) => network.relays.some(({ state }) => state === 'reserved'))
const titles = async (page: Page): Promise<string[]> => (await snapshot(page)).jobs.map(({ title }) => title).sort()

async function open(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(url)
  await ready(page)
  return page
}

test('two tabs of one browser are two peers, and neither loses what the other writes', async ({ browser, relay }) => {
  const context = await browser.newContext()
  const pages = [await open(context, relay.url), await open(context, relay.url)]
  const peers = await Promise.all(pages.map(async (page) => (await snapshot(page)).peer))
  expect(new Set(peers).size).toBe(2)
  for (const page of pages) await reserved(page)
  await Promise.all(pages.map((page, i) => submitPicture(page, { Width: '64', Height: '64', Title: `From tab ${i}` })))
  for (const page of pages) await expect.poll(() => titles(page)).toEqual(['From tab 0', 'From tab 1'])

  for (const page of pages) await page.close()
  await relay.kill()
  const again = await context.newPage()
  // The relay is gone: everything comes from this browser.
  await again.goto(relay.url)
  await ready(again)
  expect(peers).toContain((await snapshot(again)).peer)
  expect(await titles(again)).toEqual(['From tab 0', 'From tab 1'])
  await context.close()
})

test('a browser without IndexedDB works for one visit and says so', async ({ browser, relay }) => {
  const context = await browser.newContext()
  await context.addInitScript(() => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }))
  const page = await open(context, relay.url)
  await expect(page.getByText(/keeps nothing/).first()).toBeVisible()
  await page.getByRole('button', { name: 'Start contributing' }).click()
  await submitPicture(page, { Width: '64', Height: '64' })
  await expect(page.getByTestId('job-state')).toHaveText(/computed/i, { timeout: 60_000 })
  await context.close()
})

test('a full disk refuses a job by name, keeps the ones before it, and takes it when there is room', async ({ browser, relay }) => {
  const context = await browser.newContext()
  const page = await context.newPage()
  const devtools = await context.newCDPSession(page)
  const origin = relay.url
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 2_000_000 })
  await page.goto(relay.url)
  await ready(page)
  await reserved(page)
  const small = await submitPicture(page, { Width: '64', Height: '64', Title: 'Before' })
  await page.goto(`${relay.url}/#/submit/convolve`)
  await expect(page.getByTestId('photo-name')).toContainText('picos-de-europa')
  await page.getByRole('button', { name: 'Submit job' }).click()
  await expect(page.getByRole('alert').filter({ hasText: 'storage is full' }).first()).toBeVisible()
  expect((await snapshot(page)).jobs.map(({ id }) => id)).toEqual([small])

  await devtools.send('Storage.overrideQuotaForOrigin', { origin })
  await page.getByRole('button', { name: 'Submit job' }).click()
  await page.waitForURL(/#\/results\/.+/)
  await page.reload()
  await ready(page)
  await expect.poll(async () => (await snapshot(page)).jobs).toHaveLength(2)
  await context.close()
})

test('a tab whose storage the browser takes back goes on computing, says so, and finds its job again', async ({ browser, relay }) => {
  const [context, elsewhere] = [await browser.newContext(), await browser.newContext()]
  const page = await open(context, relay.url)
  const other = await open(elsewhere, relay.url)
  await reserved(page)
  const job = await submitPicture(page, { Width: '64', Height: '64', Title: 'Outlives it' })
  await expect.poll(() => titles(other)).toEqual(['Outlives it'])
  const devtools = await context.newCDPSession(page)
  await devtools.send('Storage.clearDataForOrigin', { origin: relay.url, storageTypes: 'indexeddb' })
  await page.goto(`${relay.url}/#/contribute`)
  await page.getByRole('button', { name: 'Start contributing' }).click()
  await until(other, ({ jobs }) => jobs[0]?.state === 'computed')
  await expect(page.getByText('taken this site’s storage back').first()).toBeVisible()
  await page.reload()
  await ready(page)
  await until(page, ({ jobs }) => jobs[0]?.id === job && jobs[0].state === 'computed')
  for (const each of [context, elsewhere]) await each.close()
})

test('damaged records of the local copy are named, left out, and fetched again', async ({ browser, relay }) => {
  const context = await browser.newContext()
  const page = await open(context, relay.url)
  await reserved(page)
  await submitPicture(page, { Width: '64', Height: '64', Title: 'One' })
  await submitPicture(page, { Width: '64', Height: '64', Title: 'Two' })
  await expect.poll(async () => (await (await fetch(`${relay.url}/metrics`)).text()).match(/roomful_archive_jobs (\d+)/)?.[1]).toBe('2')
  await page.goto(`${relay.url}/relay.json`)
  const damaged = await page.evaluate(async () => {
    const open = (name: string) =>
      new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open(name)
        request.onsuccess = () => resolve(request.result)
      })
    const database = await open('roomful-1-data')
    const [name] = database.objectStoreNames
    const store = database.transaction(name!, 'readwrite').objectStore(name!)
    return new Promise<number>((resolve) => {
      let count = 0
      store.openCursor().onsuccess = (event) => {
        const cursor = (event.target as IDBRequest<IDBCursorWithValue | null>).result
        if (cursor === null) return resolve(count)
        if (String(cursor.key).startsWith('/roomful/jobs-1/e/') && count === 0) {
          count++
          const bytes = new Uint8Array(cursor.value as Uint8Array)
          bytes[bytes.length >> 1]! ^= 1
          cursor.update(bytes)
        }
        cursor.continue()
      }
    })
  })
  expect(damaged).toBe(1)
  await page.goto(relay.url)
  await ready(page)
  await expect(page.getByText('damaged and are fetched again: 1').first()).toBeVisible()
  await expect.poll(() => titles(page)).toEqual(['One', 'Two'])
  await context.close()
})

test('a person takes the key to another browser; a bad file is refused and changes nothing', async ({ browser, relay }) => {
  const [old, other] = [await browser.newContext(), await browser.newContext()]
  const page = await open(old, `${relay.url}/#/network`)
  const { peer } = await snapshot(page)
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download the key' }).click()])
  const text = await readFile(await file.path(), 'utf8')
  await old.close()

  const next = await open(other, `${relay.url}/#/network`)
  const before = (await snapshot(next)).peer
  const bring = (content: string): Promise<void> =>
    next
      .getByLabel('Key file', { exact: true })
      .setInputFiles({ name: 'key.json', mimeType: 'application/json', buffer: Buffer.from(content) })
  await bring(text.replace(/"key": "(.{40})./, (_, head: string) => `"key": "${head}x`))
  await expect(next.getByRole('alert').filter({ hasText: 'cannot be used' })).toContainText('hexadecimal')
  await next.reload()
  await ready(next)
  expect((await snapshot(next)).peer).toBe(before)

  await bring(text)
  await expect(next.getByRole('alert').filter({ hasText: 'Replace this tab’s key?' })).toContainText(peer)
  await next.getByRole('button', { name: 'Replace the key' }).click()
  await next.getByRole('button', { name: 'Reload now' }).click()
  await expect(next.getByTestId('peer-id')).toHaveText(peer)

  // A second tab of the same browser cannot be the same peer.
  const second = await open(other, `${relay.url}/#/network`)
  await second.getByLabel('Or paste a key file').fill(text)
  await second.getByRole('button', { name: 'Use it' }).click()
  await second.getByRole('button', { name: 'Replace the key' }).click()
  await expect(second.getByRole('alert').filter({ hasText: 'cannot be used' })).toContainText('another tab of this browser')
  await other.close()
})
