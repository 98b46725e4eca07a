import { readFileSync } from 'node:fs'
import { expect, ready, test } from './fixtures/tabs.ts'

const DOUBLE = 'fn kernel(id: vec3<u32>) -> u32 {\n  return 2u * id.x;\n}'
const MANIFEST = {
  name: 'doubles',
  version: '1.0.0',
  title: 'Doubles',
  description: 'Twice every number.',
  licence: 'MIT',
  parameters: [{ name: 'count', type: 'u32', label: 'Numbers', default: 200, min: 1, max: 1000 }],
  input: { kind: 'none' },
  space: { from: 'parameters', axes: ['count'] },
  output: { element: 'u32', elementsPerItem: 1 },
  reduce: 'concat',
  compare: { rule: 'exact' },
  preview: 'table',
  fuelPerItem: 1,
}

test('a kernel of one’s own is checked as it is typed, tried here, and computed by a tab that allows it', async ({ openTab }) => {
  const page = await openTab('/#/submit/own')
  await ready(page)
  const [source, manifest] = [page.getByLabel('Source (WGSL)'), page.getByLabel('Manifest (JSON)')]
  const [attempt, submit] = [page.getByRole('button', { name: 'Try one chunk here' }), page.getByRole('button', { name: 'Submit job' })]
  await manifest.fill(JSON.stringify(MANIFEST))

  // In a page of its own: this one may be computing.
  const opened = page.context().waitForEvent('page')
  await page.getByRole('link', { name: 'what a kernel may contain' }).click()
  const guide = await opened
  await expect(guide.getByRole('heading', { level: 1 })).toHaveText('Writing kernels')
  await guide.getByRole('link', { name: 'Folds' }).click()
  await expect(guide.getByRole('heading', { name: 'Folds' })).toBeInViewport()
  await guide.close()

  await source.fill(DOUBLE.replace('id.x', 'id.w'))
  await expect(source).toHaveAttribute('aria-invalid', 'true')
  await expect(page.getByText(/line 2, column 18.*its components are x y z or r g b\)/).first()).toBeVisible()
  await expect(attempt).toBeDisabled()
  await expect(page.getByRole('button', { name: 'Ask one node' })).toBeDisabled()

  await source.fill('fn kernel(id: vec3<u32>) -> u32 { loop { if (id.x > 4000000u) { break; } } return 1u; }')
  await expect(source).not.toHaveAttribute('aria-invalid', 'true')
  await attempt.click()
  await expect(page.getByRole('alert')).toContainText(/more than \d+ loop iterations/)
  await expect(submit).toBeDisabled()

  await source.fill(DOUBLE)
  await attempt.click()
  await expect(page.getByTestId('trial')).toContainText('Work per item')
  await submit.click()
  await page.waitForURL(/#\/results\/.+/)
  const results = page.url()
  await expect(page.getByText('which this tab leaves to others')).toBeVisible()
  await page.goto(`${results.split('#')[0]}#/contribute`)
  await page.getByRole('switch', { name: 'Also run kernels that are not built in' }).click()
  await page.getByRole('button', { name: 'Start contributing' }).click()
  await page.goto(results)
  await expect(page.getByTestId('job-state')).toHaveText(/computed/i, { timeout: 60_000 })
})

test('what the README shows to a programmer runs as it stands', async ({ openTab }) => {
  const page = await openTab('/?engine=cpu#/network')
  await ready(page)
  const example = /```js\n([^]*?)```/.exec(readFileSync(new URL('../README.md', import.meta.url), 'utf8'))?.[1]
  const said = page.waitForEvent('console', (message) => message.text().startsWith('998001, '))
  const ended = page.evaluate(`(async () => {${example}})()`).catch(() => undefined)
  expect((await said).text()).toBe('998001, not verified yet')
  await page.close()
  await ended
})
