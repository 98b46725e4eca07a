import { defineConfig } from '@playwright/test'
import { CHROMIUM_FLAGS, findChromium } from './e2e/fixtures/chromium.ts'

const FOUR_TABS = ['demo.spec.ts', 'convolve.spec.ts', 'rooms.spec.ts']

export default defineConfig({
  testDir: 'e2e',
  // Two cores carry one room of four tabs at a time, and beside it what one tab or two do.
  workers: 2,
  projects: [
    { name: 'rooms of four', testMatch: FOUR_TABS, workers: 1 },
    { name: 'one tab or two', testMatch: '*.spec.ts', testIgnore: FOUR_TABS, workers: 1 },
  ],
  retries: 0,
  timeout: 300_000,
  // What a page shows, it shows later on a busy machine.
  expect: { timeout: 30_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    launchOptions: { executablePath: findChromium(), args: CHROMIUM_FLAGS },
    viewport: { width: 1280, height: 900 },
  },
})
