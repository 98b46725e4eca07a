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
      const job = await submitPicture(page, { Width: '64', Height: '64' })
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
