import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { findCoturn, startCoturn } from './fixtures/coturn.ts'
import { mandelbrotHash } from './fixtures/reference.ts'
import { startRelay } from './fixtures/relay-process.ts'
import { expect, ready, snapshot, submitPicture, test, until } from './fixtures/tabs.ts'

const VIEW = { width: 320, height: 200, iterations: 500 }

test.describe('tabs that cannot reach each other directly', () => {
  for (const [way, link] of [
    ['the TURN server that their relay names', 'direct'],
    ['the relay, where there is no TURN server', 'relayed'],
  ] as const) {
    test(`complete a job over ${way}`, async ({ browser }) => {
      const path = link === 'direct' ? findCoturn() : null
      test.skip(link === 'direct' && path === null, 'there is no TURN server here: install coturn')
      const turn = path === null ? null : await startCoturn(path)
      const directory = mkdtempSync(join(tmpdir(), 'roomful-turn-'))
      const relay = await startRelay(directory, undefined, turn === null ? [] : ['--ice', turn.option])
      const context = await browser.newContext()
      try {
        // As a firewall would: of all paths that a browser finds, those over TURN servers alone are left.
        await context.addInitScript(() => {
          const Original = globalThis.RTCPeerConnection
          globalThis.RTCPeerConnection = class extends Original {
            constructor(configuration?: RTCConfiguration) {
              super({ ...configuration, iceTransportPolicy: 'relay' })
            }
          }
        })
        const tabs: Page[] = []
        for (let i = 0; i < 2; i++) {
          const page = await context.newPage()
          tabs.push(page)
          await page.goto(`${relay.url}/?engine=cpu#/contribute`)
          await ready(page)
        }
        const submitter = tabs[0]!
        const job = await submitPicture(submitter, { Width: '320', Height: '200', 'Most iterations': '500' })
        for (const page of tabs)
          await expect.poll(async () => (await snapshot(page)).network.peers.map((peer) => peer.link), { timeout: 60_000 }).toEqual([link])
        // Nobody checks its own chunks, so a verified job has crossed from tab to tab.
        await tabs[1]!.getByRole('button', { name: 'Start contributing' }).click()
        await submitter.goto(`${relay.url}/?engine=cpu#/contribute`)
        await submitter.getByRole('button', { name: 'Start contributing' }).click()
        await until(submitter, ({ jobs }) => jobs.some(({ id, state }) => id === job && state === 'verified'))
        await submitter.goto(`${relay.url}/?engine=cpu#/results/${job}`)
        await expect(submitter.getByTestId('output-sha256')).toHaveText(mandelbrotHash(VIEW), {
          timeout: 60_000,
        })
        expect((await snapshot(submitter)).network.peers.map((peer) => peer.link)).toEqual([link])
        if (turn !== null) expect(turn.said).toMatch(/ALLOCATE processed, success/)
      } finally {
        await context.close()
        await relay.kill()
        await turn?.stop()
        rmSync(directory, { recursive: true, force: true })
      }
    })
  }
})
