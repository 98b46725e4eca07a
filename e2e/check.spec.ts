import { readFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { expect, ready, submitPicture, test, until } from './fixtures/tabs.ts'

/** A file that the page hands to the person. */
async function download(page: Page, button: string): Promise<Buffer> {
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: button }).click()])
  return readFile(await file.path())
}

async function choose(page: Page, what: 'Certificates' | 'Data', name: string, buffer: Buffer): Promise<void> {
  await page.getByRole('button', { name: `Choose ${what.toLowerCase()}` }).waitFor()
  await page.getByLabel(`${what} file`).setInputFiles({ name, mimeType: 'application/octet-stream', buffer })
}

test('the files of a result are checked again without relay and without the job, and one flipped bit is found and named', async ({
  openTab,
  relay,
}) => {
  const pages = [await openTab(), await openTab()]
  for (const page of pages) {
    await ready(page)
    await page.getByRole('button', { name: 'Start contributing' }).click()
  }
  await submitPicture(pages[0]!, { Width: '64', Height: '64' })
  await until(pages[0]!, ({ jobs }) => jobs[0]?.state === 'verified')
  const data = await download(pages[0]!, 'Download raw bytes')
  const certificates = await download(pages[0]!, 'Download certificates')
  expect(data).toHaveLength(64 * 64 * 4)

  const stranger = await openTab('/#/results')
  await stranger.evaluate(async () => void (await navigator.serviceWorker.ready))
  for (const page of pages) await page.context().close()
  await relay.kill()
  await stranger.reload()
  await stranger.goto(`${relay.url}/#/results/check`)
  const verdict = stranger.getByTestId('verdict')

  await choose(stranger, 'Certificates', 'x.certificates.json', certificates)
  await expect(verdict).toHaveAttribute('data-holds', 'true')
  await expect(verdict).toContainText('The data was not checked')
  await choose(stranger, 'Data', 'x.bin', data)
  await expect(verdict).toContainText('The data was checked as well')
  await expect(verdict).toHaveAttribute('data-holds', 'true')

  const flipped = Buffer.from(data)
  flipped[flipped.length - 1]! ^= 1
  await choose(stranger, 'Data', 'x.bin', flipped)
  await expect(verdict).toHaveAttribute('data-holds', 'false')
  await expect(stranger.getByTestId('failed').getByRole('listitem')).toHaveText([
    /^✗ Microjob 1 in block 1: .*chunk \d+ has other bytes\)$/,
  ])

  const forged = JSON.parse(certificates.toString()) as { certificates: { body: { chunks: { fuel: number }[] } }[] }
  forged.certificates[0]!.body.chunks[0]!.fuel++
  await choose(stranger, 'Data', 'x.bin', data)
  await choose(stranger, 'Certificates', 'x.certificates.json', Buffer.from(JSON.stringify(forged)))
  await expect(stranger.getByTestId('failed')).toContainText('the host signed it (not signed by 12D3KooW')

  await choose(stranger, 'Certificates', 'x.bin', data)
  await expect(stranger.getByRole('alert').filter({ hasText: 'This cannot be checked' })).toContainText('is not JSON')
})
