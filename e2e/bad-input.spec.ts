import { kernelByName } from '../src/compute/kernels/index.ts'
import type { RoomfulNode } from '../src/node/api.ts'
import { CHROMIUM_FLAGS, findChromium } from './fixtures/chromium.ts'
import { expect, ready, submitPicture, test } from './fixtures/tabs.ts'

/** A PNG that says 0 × 0, as bytes: signature, IHDR with its checksum, IEND. */
const EMPTY_PNG = Buffer.from('89504e470d0a1a0a0000000d49484452000000000000000008060000007b6ad2a40000000049454e44ae426082', 'hex')

test.describe('what a person can get wrong', () => {
  for (const [what, file] of [
    ['a picture that is none', { name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('these are no pixels') }],
    ['a picture of 0 × 0', { name: 'nothing.png', mimeType: 'image/png', buffer: EMPTY_PNG }],
    ['an empty file', { name: 'empty.jpg', mimeType: 'image/jpeg', buffer: Buffer.alloc(0) }],
  ] as const) {
    test(`${what} is refused by name, and the photo before it stays`, async ({ openTab }) => {
      const page = await openTab('/#/submit/convolve')
      await ready(page)
      await expect(page.getByTestId('photo-name')).toContainText('picos-de-europa')
      await page.locator('input[type=file]').setInputFiles(file)
      await expect(page.getByRole('alert')).toContainText(file.name)
      await expect(page.getByTestId('photo-name')).toContainText('picos-de-europa')
      await expect(page.getByRole('button', { name: 'Submit job' })).toBeEnabled()
    })
  }

  test('a parameter out of range is named with its limits, and the rest goes on', async ({ openTab }) => {
    const page = await openTab('/#/submit/mandelbrot')
    await ready(page)
    const width = page.getByLabel('Width', { exact: true })
    await width.fill('99999999')
    await expect(width).toHaveAttribute('aria-invalid', 'true')
    await expect(page.getByText(/99999999/).last()).toContainText('16384')
    await expect(page.getByRole('button', { name: 'Submit job' })).toBeDisabled()
    await width.fill('32')
    expect(await submitPicture(page, { Width: '32', Height: '32' })).toMatch(/^bafy/)
  })
})

test('what a button could not do is said in view of the button, and a new job is known at once', async ({ openTab }) => {
  const page = await openTab('/#/submit/mandelbrot')
  await page.setViewportSize({ width: 390, height: 844 })
  await ready(page)
  await expect(page.getByText('This has 6.1 MiB of output, more than')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Ask one node' })).toBeDisabled()
  const large = { title: 'Large', kernel: kernelByName('mandelbrot')!, parameters: {}, input: null }
  const refusal = page.evaluate((work) => (window as unknown as { roomful: RoomfulNode }).roomful.request(work), large)
  await expect(refusal).rejects.toThrow(/one node is asked for at most 262144 bytes of output.*submit it as a job/)
  await page.evaluate(() => {
    const page = window as unknown as { roomful: RoomfulNode; submit: RoomfulNode['submit']; unknown: number }
    page.submit = page.roomful.submit.bind(page.roomful)
    page.roomful.submit = () => Promise.reject(new Error('the disk is on fire'))
    page.unknown = 0
    new MutationObserver(() => {
      if (document.body.textContent.includes('not known here yet')) page.unknown++
    }).observe(document.body, { childList: true, subtree: true })
  })
  await page.getByRole('button', { name: 'Submit job' }).click()
  const alert = page.getByRole('alert').filter({ hasText: 'the disk is on fire' })
  await expect(alert).toBeInViewport({ ratio: 1 })
  const close = alert.getByRole('button', { name: 'Close this message' })
  expect((await close.boundingBox())?.height).toBeGreaterThanOrEqual(24)
  await close.click()
  await expect(alert).toHaveCount(0)
  await page.evaluate(() => {
    const page = window as unknown as { roomful: RoomfulNode; submit: RoomfulNode['submit'] }
    page.roomful.submit = page.submit
  })
  await page.getByRole('button', { name: 'Submit job' }).click()
  await expect(page.getByTestId('job-state')).toBeVisible()
  expect(await page.evaluate(() => (window as unknown as { unknown: number }).unknown)).toBe(0)
})

test.describe('a browser that lacks something', () => {
  test('without WebGPU computes on the CPU and says so', async ({ browser, relay }) => {
    const context = await browser.newContext()
    await context.addInitScript(() => Object.defineProperty(navigator, 'gpu', { value: undefined }))
    const page = await context.newPage()
    await page.goto(`${relay.url}/?engine=webgpu`)
    await ready(page)
    await expect(page.getByText(/WebGPU/).first()).toBeVisible()
    await page.getByRole('button', { name: 'Start contributing' }).click()
    await submitPicture(page, { Width: '64', Height: '64' })
    await expect(page.getByTestId('job-state')).toHaveText(/computed/i, { timeout: 60_000 })
    await context.close()
  })

  test('without WebRTC says what is missing and what to do, and can still submit', async ({ browser, relay }) => {
    const context = await browser.newContext()
    await context.addInitScript(() => {
      for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection']) Reflect.deleteProperty(globalThis, name)
    })
    const page = await context.newPage()
    await page.goto(relay.url)
    await ready(page)
    await expect(page.getByText(/no WebRTC/i).first()).toBeVisible()
    expect(await submitPicture(page, { Width: '64', Height: '64' })).toMatch(/^bafy/)
    await context.close()
  })

  test('on a device with a wrong clock says by how much it is wrong and what that does', async ({ browser, relay }) => {
    const context = await browser.newContext()
    await context.addInitScript(() => {
      const now = Date.now.bind(Date)
      Date.now = () => now() - 25 * 60_000
    })
    const page = await context.newPage()
    await page.goto(relay.url)
    await ready(page)
    await expect(page.getByRole('alert').filter({ hasText: '25 min behind' })).toBeVisible()
    await context.close()
  })

  test('on a page that is not secure says why nothing works there and how to open it instead', async ({ playwright, relay }) => {
    const browser = await playwright.chromium.launch({
      executablePath: findChromium(),
      // By a name of its own a loopback address is no secure origin, as with a second device on the same network.
      args: [...CHROMIUM_FLAGS, '--host-resolver-rules=MAP roomful.test 127.0.0.1'],
    })
    const page = await browser.newPage()
    await page.goto(`http://roomful.test:${relay.port}/`)
    const alert = page.getByRole('alert').filter({ hasText: 'This tab cannot take part yet' })
    await expect(alert).toContainText(/not a secure origin.*over https:\/\/, or .* as http:\/\/localhost/, { timeout: 30_000 })
    await expect(alert).not.toContainText('undefined')
    await browser.close()
  })
})
