import type { Page } from '@playwright/test'
import { mandelbrot } from '../src/compute/kernels/mandelbrot/index.ts'
import type { RoomfulNode } from '../src/node/api.ts'
import { heldAnswers, holdAnswers, misbehave, nextAnswers, releaseAnswers } from './fixtures/faults.ts'
import { launchFirefox } from './fixtures/firefox.ts'
import { mandelbrotHash } from './fixtures/reference.ts'
import { expect, ready, snapshot, test, until } from './fixtures/tabs.ts'

const VIEW = { width: 320, height: 200, iterations: 500 }

test('Firefox and Chromium complete one room together over a direct link, with the bytes of the plain reference', async ({
  browser,
  relay,
}) => {
  const firefox = await launchFirefox()
  const contexts = [await firefox.newContext(), await browser.newContext()]
  try {
    const tabs: Page[] = []
    for (const context of contexts) {
      await misbehave(context, 'late')
      const page = await context.newPage()
      tabs.push(page)
      await page.goto(`${relay.url}/?engine=cpu#/contribute`)
      await ready(page)
    }
    // Eight chunks, one room, whatever this machine's pace.
    const job = await tabs[1]!.evaluate((request) => (window as { roomful?: RoomfulNode }).roomful!.submit(request), {
      title: 'Two browsers',
      kernel: mandelbrot,
      parameters: VIEW,
      input: null,
      epsilon: 0.01,
      chunk: [320, 25, 1] as [number, number, number],
    })
    // Answers are held until each tab has a chunk of its own, or one could do everything before the other is there.
    for (const page of tabs) {
      await holdAnswers(page)
      await page.getByRole('button', { name: 'Start contributing' }).click()
      await expect.poll(() => heldAnswers(page), { timeout: 60_000 }).toBeGreaterThan(0)
    }
    const peers = await Promise.all(tabs.map(async (page) => (await snapshot(page)).peer))
    for (const page of tabs) await nextAnswers(page)
    for (const page of tabs) {
      await until(page, ({ room }) =>
        peers.every((peer) => room?.chunks.some((chunk) => chunk.state === 'done' && chunk.peer === peer) === true),
      )
    }
    for (const page of tabs) await releaseAnswers(page)
    for (const page of tabs) await until(page, ({ jobs }) => jobs.some(({ id, state }) => id === job && state === 'verified'))

    for (const page of tabs) {
      const { jobs, network } = await snapshot(page)
      const { contributors, microjobs } = jobs.find(({ id }) => id === job)!
      expect(microjobs).toBe(1)
      expect(contributors.map(({ peer }) => peer).sort()).toEqual([...peers].sort())
      expect(network.peers.map(({ link }) => link)).toEqual(['direct'])
      await page.goto(`${relay.url}/?engine=cpu#/results/${job}`)
      await expect(page.getByTestId('output-sha256')).toHaveText(mandelbrotHash(VIEW), {
        timeout: 60_000,
      })
    }
  } finally {
    for (const context of contexts) await context.close()
    await firefox.close()
  }
})
