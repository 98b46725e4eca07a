import { AxeBuilder } from '@axe-core/playwright'
import { expect, ready, submitPicture, test, until } from './fixtures/tabs.ts'

/** The checker declares its page by its own copy of Playwright's types. */
type AxePage = ConstructorParameters<typeof AxeBuilder>[0]['page']

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const PLACES = [
  '/#/contribute',
  '/#/room',
  '/#/submit',
  '/#/submit/convolve',
  '/#/submit/own',
  '/#/results',
  '/#/results/check',
  '/#/network',
]

for (const [device, viewport] of [
  ['a desktop', { width: 1280, height: 900 }],
  ['a phone', { width: 390, height: 844 }],
] as const) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`every place is accessible and fits on ${device} in ${colorScheme} colours`, async ({ openTab }) => {
      const page = await openTab()
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme })
      await ready(page)
      await until(page, (snapshot) => snapshot.network.relays.some(({ state }) => state === 'reserved'))
      const job = await submitPicture(page, { Width: '64', Height: '64', Title: 'W'.repeat(120) })
      const base = page.url().split('#')[0]!
      for (const place of [...PLACES, `/#/results/${job}`]) {
        await page.goto(`${base}${place.slice(1)}`)
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
        await expect(page.locator('.mantine-Skeleton-root')).toHaveCount(0)
        const { violations } = await new AxeBuilder({ page: page as unknown as AxePage }).withTags(RULES).analyze()
        expect({ place, found: violations.map(({ id, nodes }) => ({ id, html: nodes[0]?.html })) }).toEqual({ place, found: [] })
        expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0)
      }
    })
  }
}

for (const name of ['kernels', 'trust']) {
  test(`the guide to ${name} is accessible and fits on a phone`, async ({ page, relay }) => {
    await page.setViewportSize({ width: 390, height: 844 })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.goto(`${relay.url}/docs/${name}.html`)
      const { violations } = await new AxeBuilder({ page: page as unknown as AxePage }).withTags(RULES).analyze()
      expect(violations).toEqual([])
    }
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0)
  })
}

test('the five places are reached by keyboard alone, and the focus follows', async ({ openTab }) => {
  const page = await openTab()
  await ready(page)
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused()
  const network = page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: 'Network' })
  for (let presses = 0; presses < 12 && !(await network.evaluate((link) => link === document.activeElement)); presses++)
    await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'Network' })).toBeFocused()
})

test('a button that goes away when it is pressed leaves the focus where its effect is seen', async ({ openTab }) => {
  const page = await openTab()
  await ready(page)
  const panel = page.getByRole('group', { name: 'What this tab does' })
  await page.getByRole('button', { name: 'Start contributing' }).press('Enter')
  await expect(panel).toBeFocused()
  await panel.getByRole('button', { name: 'Stop now' }).press('Enter')
  await expect(panel).toBeFocused()
  await expect(panel.getByRole('button', { name: 'Start contributing' })).toBeVisible()

  await submitPicture(page, { Width: '64', Height: '64', Title: 'Not wanted' })
  await page.getByRole('button', { name: 'Cancel this job' }).press('Enter')
  await expect(page.getByRole('dialog', { name: 'Cancel this job?' })).toBeVisible()
  const dialog = new AxeBuilder({ page: page as unknown as AxePage }).include('[role=dialog]').withRules(['color-contrast'])
  await expect.poll(async () => (await dialog.analyze()).violations).toEqual([])
  await page.getByRole('button', { name: 'Cancel the job' }).press('Enter')
  await expect(page.getByTestId('job-state')).toHaveText('cancelled')
  await expect(page.getByRole('heading', { level: 1, name: 'Not wanted' })).toBeFocused()
})

test('a result of many columns scrolls by itself on a phone, and the page does not', async ({ openTab }) => {
  const page = await openTab('/?engine=cpu#/contribute')
  await page.setViewportSize({ width: 390, height: 844 })
  await ready(page)
  await page.getByRole('button', { name: 'Start contributing' }).click()
  await page.goto(`${page.url().split('#')[0]}#/submit/matmul`)
  await page.getByRole('button', { name: 'Submit job' }).click()
  await expect(page.getByTestId('job-state')).toHaveText(/computed/)
  const digits = page.getByRole('group', { name: 'Output' })
  await expect(digits).toBeVisible()
  expect(await digits.evaluate((element) => element.scrollWidth > element.clientWidth)).toBe(true)
  // What is scrolled into view is not behind the bar at the foot of a phone.
  const download = page.getByRole('button', { name: 'Download raw bytes' })
  await download.evaluate((element) => element.scrollIntoView({ block: 'end' }))
  const [button, bar] = [await download.boundingBox(), await page.locator('footer').boundingBox()]
  expect(button!.y + button!.height).toBeLessThanOrEqual(bar!.y)
  expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0)
})
