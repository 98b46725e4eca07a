import { describe, expect, it } from 'vitest'
import type { ChunkTask, Engine } from '../room/ports.ts'
import { measurePace } from './pace.ts'
import { testKernel } from './test-kernel.ts'

describe('the pace of an engine', () => {
  for (const itemUs of [0.1, 0.7, 3, 40, 600]) {
    it(`is found by computing for less than 70 ms where an item takes ${itemUs} µs`, async () => {
      let total = 0
      const run = async ({ chunk }: ChunkTask) => {
        const ms = (chunk.size[0] * itemUs) / 1000
        total += ms
        return { output: new Uint8Array(0), fuel: 1, ms, engine: 'cpu' as const }
      }
      const engine = { kind: 'cpu', slots: 1, prepare: async () => {}, run } as unknown as Engine
      const kernel = testKernel('fn kernel(id: vec3<u32>) -> u32 { return id.x; }')
      const pace = await measurePace(engine, kernel, {}, [2 ** 24, 1, 1], new AbortController().signal)
      expect(pace / (1e6 / itemUs)).toBeCloseTo(1, 5)
      expect(total).toBeLessThan(70)
    })
  }
})
