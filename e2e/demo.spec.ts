import { createHash } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { DEFAULT_PARAMS } from './demo/options.ts'
import { demo, rawHash, rawOutput } from './fixtures/demo-process.ts'
import { mandelbrotHash } from './fixtures/reference.ts'

const VIEW = { width: 200, height: 151, centreX: '-0.7269', centreY: '0.1889', span: '0.01', iterations: 2_000 }
const PARAMS = JSON.stringify(VIEW)
const out = (): string => mkdtempSync(join(tmpdir(), 'roomful-out-'))

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
/** What the plain reference makes of the demo's own job. */
const honest = (): string => mandelbrotHash(DEFAULT_PARAMS['mandelbrot']!)

test.describe('the demo', () => {
  test('computes a picture equal to an independent reference, in several tabs, verified', async () => {
    const run = await demo('--json', '--out', out())
    expect(run.code, run.stderr).toBe(0)
    expect(run.report).toMatchObject({ kernel: 'mandelbrot', verified: true })
    expect(run.report.tabs.filter(({ chunks }) => chunks > 0).length).toBeGreaterThanOrEqual(3)
    expect(run.report.links.direct).toBeGreaterThanOrEqual(1)
    expect(hash(await rawOutput(run))).toBe(honest())
  })

  test('gives the same bytes with another seed and on the GPU', async () => {
    const run = await demo('--json', '--params', PARAMS, '--seed', '3', '--engine', 'webgpu', '--out', out())
    expect(run.code, run.stderr).toBe(0)
    expect(run.report.tabs.some(({ engine }) => engine === 'webgpu')).toBe(true)
    expect(rawHash(run)).toBe(mandelbrotHash(VIEW))
  })

  for (const chaos of ['kill-host', 'kill-worker', 'silent-worker', 'kill-relay', 'liar']) {
    test(`ends with the same bytes under ${chaos}, and says what happened`, async () => {
      const run = await demo('--json', '--chaos', chaos, '--out', out())
      expect(run.code, run.stderr).toBe(0)
      expect(rawHash(run)).toBe(honest())
      if (chaos === 'kill-host') expect(run.report.hostChanges).toBeGreaterThanOrEqual(1)
      if (chaos === 'silent-worker') {
        // Whichever came first: its deadline, its turn to verify, or somebody with nothing else to do.
        const silent = run.report.tabs.at(-1)!
        const noticed = [...run.report.expelled, ...run.report.relieved].map(({ peer }) => peer)
        expect(silent.chunks).toBe(0)
        expect(noticed, run.stderr).toContain(silent.peer)
      } else if (chaos !== 'kill-relay') expect(run.report.expelled.length, run.stderr).toBeGreaterThanOrEqual(1)
      if (chaos === 'liar') {
        expect(run.report.expelled.map(({ peer }) => peer)).toContain(run.report.tabs.at(-1)!.peer)
        expect(run.report.recomputed).toBeGreaterThanOrEqual(1)
      }
    })
  }

  for (const [args, word] of [
    [['--tabs', 'many'], '--tabs many'],
    [['--job', 'nothing'], '--job nothing'],
    [['--params', '{'], '--params {'],
    [['--input', 'no-such-file.png'], 'no-such-file.png'],
    [['--chaos', 'flood'], '--chaos flood'],
    [['--unknown'], '--unknown'],
  ] as const) {
    test(`refuses ${args.join(' ')} in one line`, async () => {
      const run = await demo(...args)
      expect(run.code).toBe(2)
      expect(run.stderr.trim().split('\n')).toHaveLength(1)
      expect(run.stderr).toContain(word)
    })
  }
})
