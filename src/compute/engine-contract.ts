import { bytesToHex } from '@noble/hashes/utils.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gather, scatter } from '../domain/chunk.ts'
import { hashBytes } from '../domain/ids.ts'
import type { JobInput } from '../domain/job.ts'
import type { Kernel } from '../domain/kernel.ts'
import { encodeParameters } from '../domain/parameters.ts'
import { chunkAt, chunkCount, outputLength, planJob } from '../domain/plan.ts'
import type { ChunkTask, Engine } from '../room/ports.ts'
import { kernelByName } from './kernels/index.ts'
import { kernelSamples, sampleInput } from './kernels/samples.ts'
import type { KernelSample } from './kernels/samples.ts'
import { testKernel, testTask } from './test-kernel.ts'

/** What every engine must do. `create` makes one that this suite disposes of. */
export function describeEngine(name: string, create: () => Promise<Engine>): void {
  describe(`${name} as an engine`, () => {
    let engine: Engine
    beforeAll(async () => {
      engine = await create()
    })
    afterAll(() => engine.dispose())
    const never = new AbortController().signal

    for (const sample of kernelSamples.filter(({ sha256 }) => sha256 !== null)) {
      it(`computes ${sample.kernel} to the golden output with the golden fuel`, { timeout: 60_000 }, async () => {
        const { output, fuel } = await computeSample(engine, sample)
        expect(bytesToHex(hashBytes(output))).toBe(sample.sha256)
        expect(fuel).toBe(sample.fuel)
      })
    }

    it('says what it is', async () => {
      const report = await engine.probe()
      expect(report).toMatchObject({ kind: engine.kind, available: true, reason: '' })
      expect(report.device).not.toBe('')
      expect(engine.slots).toBeGreaterThanOrEqual(1)
    })

    it('gives the index of every item of a chunk that does not start at zero', async () => {
      const kernel = testKernel('fn kernel(id: vec3<u32>) -> u32 { return id.z * 10000u + id.y * 100u + id.x; }')
      const { output } = await engine.run(testTask(kernel, { origin: [7, 5, 3], size: [3, 2, 2] }), never)
      expect([...words(output)]).toEqual([30507, 30508, 30509, 30607, 30608, 30609, 40507, 40508, 40509, 40607, 40608, 40609])
    })

    it('counts one unit of fuel for each item and each round of a loop', async () => {
      const kernel = testKernel(
        'fn kernel(id: vec3<u32>) -> u32 { var n = 0u; for (var i = 0u; i < id.x; i++) { n += i; } while (n > 100u) { n -= 7u; } return n; }',
      )
      const { fuel } = await engine.run(testTask(kernel, { size: [20, 1, 1] }), never)
      const rounds = Array.from({ length: 20 }, (_, x) => x + Math.max(0, Math.ceil(((x * (x - 1)) / 2 - 100) / 7)))
      expect(fuel).toBe(20 + rounds.reduce((sum, count) => sum + count, 0))
    })

    it('stops an item that never ends, names the reason, and goes on with the next chunk', { timeout: 30_000 }, async () => {
      const endless = testKernel(
        'fn kernel(id: vec3<u32>) -> u32 { var n = id.x; loop { n = n * 3u + 1u; if (n == 0u && id.x > 5000u) { break; } } return n; }',
      )
      const begun = performance.now()
      await expect(engine.run(testTask(endless, { size: [256, 1, 1] }), never)).rejects.toMatchObject({ name: 'FuelError' })
      expect(performance.now() - begun).toBeLessThan(10_000)
      const good = testKernel('fn kernel(id: vec3<u32>) -> u32 { return id.x + 1u; }')
      const { output } = await engine.run(testTask(good, { size: [3, 1, 1] }), never)
      expect([...words(output)]).toEqual([1, 2, 3])
    })

    // Six items of a line, so that four of them are computed side by side where an engine can.
    const loops = {
      'a counted loop': 'for (var i = 0u; i < ROUNDS; i++) { n = n * 3u + i; }',
      'a loop up to what the item says': 'for (var i = 0u; i < ROUNDS + id.y; i++) { n = n * 3u + i; }',
      'a loop that is left in its middle': 'var i = 0u; loop { if (i == ROUNDS - 1u) { break; } n = n * 3u + i; continuing { i++; } }',
      'a loop that ends in its continuing': 'var i = 0u; loop { n = n * 3u + i; continuing { i++; break if i == ROUNDS; } }',
      'loops in a loop':
        'for (var i = 0u; i < 10u; i++) { for (var j = 1u; j < 2500u; j++) { n = n * 3u + j; } } for (var i = 25000u; i < ROUNDS; i++) { n += i; }',
      'a loop of one item among others that need none': 'if (id.x == 5u) { for (var i = 0u; i < ROUNDS; i++) { n = n * 3u + i; } }',
    }
    for (const [loop, source] of Object.entries(loops)) {
      it(`runs ${loop} of 65,000 rounds, and none of more`, { timeout: 30_000 }, async () => {
        const rounds = (count: number) =>
          testTask(testKernel(`fn kernel(id: vec3<u32>) -> u32 { var n = id.x; ${source.replaceAll('ROUNDS', `${count}u`)} return n; }`), {
            size: [6, 1, 1],
          })
        const { fuel } = await engine.run(rounds(65_000), never)
        expect(fuel).toBe(loop.startsWith('a loop of one item') ? 6 + 65_000 : 6 * 65_001)
        for (const count of [65_001, 65_535, 65_536, 100_000, 1_000_000]) {
          await expect(engine.run(rounds(count), never)).rejects.toMatchObject({
            name: 'FuelError',
            message: 'an item of test runs more than 65000 loop iterations: split its work into more items',
          })
        }
      })
    }

    it('compares vectors lane by lane, constant ones as well', async () => {
      const body =
        'var v: vec3<i32>; let less = v.zxy < vec3<i32>(255i); return select(0u, id.x + 1u, all(less)) + u32(any(v != vec3<i32>(0i)));'
      const { output } = await engine.run(testTask(testKernel(`fn kernel(id: vec3<u32>) -> u32 { ${body} }`), { size: [3, 1, 1] }), never)
      expect([...words(output)]).toEqual([1, 2, 3])
    })

    it('computes on vectors lane by lane, also where zeros that nobody wrote meet constants', async () => {
      const kernel = testKernel(
        `fn kernel(id: vec3<u32>) -> array<u32, 24> {
          var zeros: vec3<u32>;
          let none = zeros.y;
          let u = vec2(none, 5u);
          let i = vec2(-7, i32(none));
          let c = vec2(11u, 7u);
          let or = c | u; let xor = c ^ vec2(none); let not = ~u; let quotient = c / u; let rest = c % u;
          let divided = i / vec2(2, i32(zeros.x)); let left = c << u; let right = i >> u; let leading = countLeadingZeros(u);
          let chosen = select(c, vec2(1u, 2u), vec2<bool>(u)); let either = select(c, vec2(1u, 2u), bool(none));
          return array<u32, 24>(or.x, or.y, xor.x, xor.y, not.x, not.y, quotient.x, quotient.y, rest.x, rest.y,
            u32(divided.x), u32(divided.y), left.x, left.y, u32(right.x), u32(right.y), leading.x, leading.y,
            chosen.x, chosen.y, either.x, either.y, multiplyHigh(c, ~u).x, id.x);
        }`,
        { elementsPerItem: 24 },
      )
      const { output } = await engine.run(testTask(kernel, {}), never)
      expect([...new Int32Array(output.slice().buffer)]).toEqual([
        11, 7, 11, 7, -1, -6, 11, 1, 0, 2, -3, 0, 11, 224, -7, 0, 32, 29, 11, 2, 11, 7, 10, 0,
      ])
    })

    it('zeroes a variable without a value in every round of the loop that declares it', async () => {
      const kernel = testKernel(
        'fn kernel(id: vec3<u32>) -> u32 { var sum = 0u; for (var i = 0u; i < 3u; i++) { var n: u32; sum += n; n = 7u + id.x; } return sum; }',
      )
      const { output } = await engine.run(testTask(kernel, { size: [2, 1, 1] }), never)
      expect([...words(output)]).toEqual([0, 0])
    })

    it('clamps an index that lies outside to the last element', async () => {
      const kernel = testKernel(`
        const T = array<u32, 3>(10u, 20u, 30u);
        fn kernel(id: vec3<u32>) -> u32 {
          var a = array<u32, 2>(1u, 2u);
          a[id.x] = 5u;
          return T[i32(id.x) - 1] * 100u + a[0] * 10u + a[1];
        }`)
      const { output } = await engine.run(testTask(kernel, { size: [5, 1, 1] }), never)
      expect([...words(output)]).toEqual([3052, 1015, 2015, 3015, 3015])
    })

    it('divides by zero as WGSL says, without harm', async () => {
      const kernel = testKernel(
        'fn kernel(id: vec3<u32>) -> u32 { let s = i32(id.x) - 1; return (7u / id.x) * 1000u + (7u % id.x) * 100u + u32((-7 / s) + 50) + u32(((-2147483647 - 1) / s) & 1); }',
      )
      const { output } = await engine.run(testTask(kernel, { size: [3, 1, 1] }), never)
      expect([...words(output)]).toEqual([7057, 7043, 3143])
    })

    const keys = (scale: number, shift: number): number[] => Array.from({ length: 100 }, (_, x) => (x * scale + shift) % 101)
    const folds = [
      { reduce: 'sum', body: 'return vec2<u32>(id.x, 1u);', expected: [99 * 50, 100] },
      {
        reduce: 'min',
        body: 'return vec2<u32>((id.x * 37u + 5u) % 101u, id.x);',
        expected: [Math.min(...keys(37, 5)), keys(37, 5).indexOf(Math.min(...keys(37, 5)))],
      },
      {
        reduce: 'max',
        body: 'return vec2<u32>((id.x * 37u + 49u) % 101u, id.x);',
        expected: [Math.max(...keys(37, 49)), keys(37, 49).indexOf(Math.max(...keys(37, 49)))],
      },
      { reduce: 'max', body: 'return vec2<u32>(id.x / 60u, id.x);', expected: [1, 60] },
      { reduce: 'first', body: 'return vec2<u32>(select(0u, id.x / 5u, id.x > 69u), id.x);', expected: [14, 70] },
      { reduce: 'first', body: 'return vec2<u32>(0u, id.x);', expected: [0, 0] },
    ] as const
    for (const { reduce, body, expected } of folds) {
      it(`folds a chunk by "${reduce}" to ${expected.join(', ')}`, async () => {
        const kernel = testKernel(`fn kernel(id: vec3<u32>) -> vec2<u32> { ${body} }`, { reduce, elementsPerItem: 2 })
        const { output } = await engine.run(testTask(kernel, { size: [100, 1, 1] }), never)
        expect([...words(output)]).toEqual([...expected])
      })
    }

    it('refuses a kernel outside the subset with line, column and a hint', async () => {
      const kernel = testKernel('fn kernel(id: vec3<u32>) -> u32 {\n  return id.w;\n}')
      await expect(engine.prepare(kernel)).rejects.toMatchObject({
        name: 'KernelError',
        line: 2,
        column: 13,
        hint: 'its components are x y z or r g b',
      })
      await expect(engine.run(testTask(kernel, {}), never)).rejects.toMatchObject({ name: 'KernelError', line: 2 })
    })

    it('refuses parameters that do not fit the manifest', async () => {
      const kernel = testKernel('fn kernel(id: vec3<u32>) -> u32 { return id.x; }')
      await expect(engine.run({ ...testTask(kernel, {}), parameters: new Uint8Array(4) }, never)).rejects.toMatchObject({
        name: 'TaskError',
      })
    })

    it('rejects with the reason of its signal when a chunk of hours is aborted, and goes on', { timeout: 30_000 }, async () => {
      const slow = testKernel(
        'fn kernel(id: vec3<u32>) -> u32 { var n = id.x; for (var i = 0u; i < 60000u; i++) { n = n * 1664525u + 1013904223u; } return n; }',
        { reduce: 'sum' },
      )
      const control = new AbortController()
      // As many as leave no slot for anything else until they are let go of.
      const runs = Array.from({ length: engine.slots * 2 }, () => engine.run(testTask(slow, { size: [2 ** 30, 1, 1] }), control.signal))
      const settled = Promise.allSettled(runs)
      const reason = new Error('the room is over')
      setTimeout(() => control.abort(reason), 100)
      for (const run of await settled) expect(run).toMatchObject({ status: 'rejected', reason })
      const good = testKernel('fn kernel(id: vec3<u32>) -> u32 { return id.x + 1u; }')
      expect([...words((await engine.run(testTask(good, { size: [2, 1, 1] }), never)).output)]).toEqual([1, 2])
    })

    it('runs more chunks than it has slots, each with its own result', async () => {
      const kernel = testKernel('fn kernel(id: vec3<u32>) -> u32 { return id.x * id.x; }')
      const runs = Array.from({ length: 24 }, (_, x) => engine.run(testTask(kernel, { origin: [x, 0, 0] }), never))
      const outputs = await Promise.all(runs)
      expect(outputs.map(({ output }) => words(output)[0])).toEqual(Array.from({ length: 24 }, (_, x) => x * x))
    })
  })
}

function words(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.slice().buffer)
}

/** Computes every chunk of a sample and puts the output together. */
export async function computeSample(engine: Engine, sample: KernelSample): Promise<{ output: Uint8Array; fuel: number }> {
  const kernel: Kernel = kernelByName(sample.kernel)!
  const { manifest } = kernel
  const stream = sampleInput(sample)
  const input: JobInput | null =
    sample.input === null || stream === null ? null : { ...sample.input, blocks: [], blockBytes: 1, length: stream.length, name: '' }
  const job = { ...planJob({ manifest, parameters: sample.parameters, input, chunk: sample.chunk }), parameters: sample.parameters, input }
  const parameters = encodeParameters(manifest, sample.parameters)
  const output = new Uint8Array(outputLength(job, manifest))
  const bytesPerItem = manifest.input.kind === 'stream' ? manifest.input.bytesPerItem : 4
  const tasks: ChunkTask[] = Array.from({ length: chunkCount(job) }, (_, id) => {
    const chunk = chunkAt(job, manifest, id)
    return { kernel, parameters, chunk, input: stream === null ? null : gather(stream, chunk, bytesPerItem) }
  })
  const signal = new AbortController().signal
  const results = await Promise.all(tasks.map((task) => engine.run(task, signal)))
  results.forEach((result, index) => scatter(result.output, tasks[index]!.chunk.output, output))
  return { output, fuel: results.reduce((sum, result) => sum + result.fuel, 0) }
}
