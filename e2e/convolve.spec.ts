import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kernelByName } from '../src/compute/kernels/index.ts'
import { convolveReference } from '../src/compute/kernels/convolve/reference.ts'
import { demo, rawOutput } from './fixtures/demo-process.ts'
import { expect, test } from './fixtures/tabs.ts'

const PHOTO = 'public/samples/picos-de-europa.jpg'

test('filters a real photo in tiles exactly as the plain reference does on the whole of it, borders included', async ({ page, relay }) => {
  await page.goto(relay.url)
  // Decoded here on its own, not by the app's code.
  const decoded = await page.evaluate(async (base64) => {
    const file = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    const bitmap = await createImageBitmap(new Blob([file], { type: 'image/jpeg' }), {
      colorSpaceConversion: 'none',
      premultiplyAlpha: 'none',
    })
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', { willReadFrequently: true })!
    context.drawImage(bitmap, 0, 0)
    const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height)
    let text = ''
    for (let at = 0; at < data.length; at += 32_768) text += String.fromCharCode(...data.subarray(at, at + 32_768))
    return { width, height, base64: btoa(text) }
  }, readFileSync(PHOTO).toString('base64'))
  const { width, height } = decoded
  // Sides that are no multiples of a tile, so that the edge tiles are partial.
  expect([width % 64, height % 64]).not.toContain(0)

  const run = await demo('--json', '--job', 'convolve', '--input', PHOTO, '--out', mkdtempSync(join(tmpdir(), 'roomful-out-')))
  expect(run.code, run.stderr).toBe(0)
  expect(run.report).toMatchObject({ kernel: 'convolve', verified: true })
  const parameter = (name: string) => kernelByName('convolve')!.manifest.parameters.find((entry) => entry.name === name)!.default
  const expected = convolveReference(new Uint8Array(Buffer.from(decoded.base64, 'base64')), width, height, {
    radius: Number(parameter('radius')),
    weights: parameter('weights') as number[],
    divisor: Number(parameter('divisor')),
    bias: Number(parameter('bias')),
  })
  expect(Buffer.from(await rawOutput(run)).equals(expected)).toBe(true)
})
