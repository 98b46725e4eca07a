import { describe, expect, it } from 'vitest'
import { instantiate } from '../cpu/compile.ts'
import { testKernel, testTask } from '../test-kernel.ts'

function compute(body: string, count: number): number[] {
  const kernel = testKernel(`fn kernel(id: vec3<u32>) -> u32 { var n = 7u; ${body} return n; }`)
  const instance = instantiate(kernel)
  instance.begin(testTask(kernel, { size: [count, 1, 1] }))
  instance.step(count)
  return [...new Uint32Array(instance.finish().output.buffer)]
}

describe('a switch', () => {
  it('has as many cases as fit into a source', () => {
    const cases = Array.from({ length: 2000 }, (_, value) => `case ${value}u: { n = ${value * 3}u; }`)
    expect(compute(`switch id.x { ${cases.join(' ')} default: { n = 1u; } }`, 2003)).toEqual(
      Array.from({ length: 2003 }, (_, x) => (x < 2000 ? x * 3 : 1)),
    )
  })

  it('has as many values in one case as fit into a source', () => {
    const values = Array.from({ length: 8000 }, (_, value) => `${value * 2}u`)
    expect(compute(`switch id.x { case ${values.join(',')}: { n = 2u; } default: { n = 1u; } }`, 5)).toEqual([2, 1, 2, 1, 2])
  })

  it('takes one case only, whatever its body does', () => {
    const body = `switch id.x { case 0u: { break; } case 1u, default: { n = 8u; } case 2u: { if (n == 7u) { break; } n = 9u; } case 3u: { return 3u; } }`
    expect(compute(body, 5)).toEqual([7, 8, 7, 3, 8])
    expect(compute('switch 2u { case 0u: { n = 1u; } case 2u: { n = 2u; } case 3u: { n = 3u; } default: { n = 4u; } }', 1)).toEqual([2])
    expect(compute('switch 9u { case 0u: { n = 1u; } default: { n = 4u; } case 2u: { n = 2u; } }', 1)).toEqual([4])
  })
})
