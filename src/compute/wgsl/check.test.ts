import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { instantiate } from '../cpu/compile.ts'
import { testKernel, testTask } from '../test-kernel.ts'
import { checkKernel } from './check.ts'

const inKernel = (body: string) => `fn kernel(id: vec3<u32>) -> u32 {\n  ${body}\n}`

/** The words that a kernel gives for its first item. */
function first(source: string, elementsPerItem = 1): number[] {
  const kernel = testKernel(source, { elementsPerItem })
  const instance = instantiate(kernel)
  instance.begin(testTask(kernel, { origin: [5, 0, 0] }))
  instance.step(1)
  return [...new Uint32Array(instance.finish().output.buffer)]
}

/** Sources, what they must be refused with, and where. */
const REFUSED: [string, string, RegExp, [number, number]][] = [
  ['an unknown name', inKernel('return idx.x;'), /nothing is called "idx"/, [2, 10]],
  ['an unknown function', inKernel('return frobnicate(1u);'), /nothing is called "frobnicate"/, [2, 10]],
  ['a missing semicolon', inKernel('let a = 1u\n  return a;'), /expected ";"/, [3, 3]],
  ['mixed types', inKernel('return id.x + 1i;'), /cannot be applied to u32 and i32/, [2, 10]],
  ['a wrong return type', inKernel('return 1.5;'), /must be u32/, [2, 10]],
  ['a path without return', inKernel('if (id.x > 1u) { return 1u; }'), /can end without returning/, [3, 1]],
  ['recursion', `fn f(x: u32) -> u32 { return f(x); }\n${inKernel('return f(1u);')}`, /by means of itself/, [1, 1]],
  ['an assignment to let', inKernel('let a = 1u; a = 2u; return a;'), /cannot be assigned/, [2, 15]],
  ['a constant index outside', inKernel('var a = array<u32, 2>(1u, 2u); return a[2];'), /index 2 is outside/, [2, 43]],
  ['a constant zero divisor', inKernel('return id.x / 0u;'), /divides by zero/, [2, 17]],
  ['a wide constant shift', inKernel('return id.x << 32u;'), /shift by 32/, [2, 18]],
  ['an overflowing constant', inKernel('return 4294967296;'), /4294967296/, [2, 10]],
  ['confusing operators', inKernel('return id.x & 1u + 2u;'), /needs parentheses/, [2, 20]],
  ['a pointer', inKernel('var a = 1u; let p = &a; return a;'), /pointers are not/, [2, 23]],
  ['a module variable', 'var<private> x: u32;', /variables outside functions/, [1, 1]],
  ['an attribute', '@compute @workgroup_size(1) fn main() {}', /attributes are not/, [1, 1]],
  ['a matrix', inKernel('var m: mat4x4<f32>; return 1u;'), /"mat4x4" is not a type/, [2, 10]],
  ['f16', inKernel('let a = 1.0h; return 1u;'), /f16/, [2, 11]],
  ['no kernel function', 'fn main(id: vec3<u32>) -> u32 { return 1u; }', /no function called "kernel"/, [1, 1]],
  ['a kernel with other parameters', 'fn kernel(x: u32) -> u32 { return x; }', /takes the index/, [1, 1]],
  ['a break outside a loop', inKernel('break; return 1u;'), /outside a loop/, [2, 3]],
  ['a switch without default', inKernel('switch id.x { case 1u: { return 1u; } } return 2u;'), /exactly one default/, [2, 3]],
  ['a case that appears twice', inKernel('switch id.x { case 1u, 1u: { } default: { } } return 2u;'), /appears twice/, [2, 17]],
  ['a parameter that is not declared', inKernel('return params.width;'), /no parameter "width"/, [2, 17]],
  ['an input that is not declared', inKernel('return input[0];'), /has no input/, [2, 10]],
  ['an unused result', `fn f() -> u32 { return 1u; }\n${inKernel('f(); return 1u;')}`, /is not used/, [3, 3]],
  ['deep parentheses', inKernel(`return ${'('.repeat(10_000)}1u${')'.repeat(10_000)};`), /nested more than/, [2, 69]],
  ['an unclosed comment', '/* no end', /never closed/, [1, 1]],
  ['a name declared twice', inKernel('let a = 1u; let a = 2u; return a;'), /declared twice/, [2, 15]],
  ['an array that is too large', inKernel('var a: array<u32, 100000>; return a[0];'), /more than 16384 words/, [2, 10]],
  ['a name of the platform', inKernel('let params = 1u; return params;'), /already means something/, [2, 3]],
  ['a condition that is no bool', inKernel('if (id.x) { } return 1u;'), /condition must be bool/, [2, 7]],
  ['a false const_assert', `const_assert 1 > 2;\n${inKernel('return 1u;')}`, /does not hold/, [1, 1]],
]

describe('the checker', () => {
  for (const [what, source, message, [line, column]] of REFUSED) {
    it(`refuses ${what} and says where`, () => {
      expect(() => checkKernel(testKernel(source))).toThrow(
        expect.objectContaining({ name: 'KernelError', line, column, message: expect.stringMatching(message) }),
      )
    })
  }

  it('refuses calls that double at every level before they are written out', () => {
    const functions = Array.from({ length: 15 }, (_, i) => `fn f${i + 1}(x: u32) -> u32 { return f${i}(x) + f${i}(x + 1u); }`)
    const begun = performance.now()
    expect(() =>
      checkKernel(testKernel(`fn f0(x: u32) -> u32 { return x + 1u; }\n${functions.join('\n')}\n${inKernel('return f15(id.x);')}`)),
    ).toThrow(/once its calls are written out/)
    expect(performance.now() - begun).toBeLessThan(1000)
  })

  it('accepts every construct of the documentation and computes it', () => {
    expect(first('alias V = vec2<u32>; fn kernel(id: vec3<u32>) -> V { var v: V; v.y = id.x; v[0] += 2u; return v.yx; }', 2)).toEqual([
      5, 2,
    ])
    expect(
      first(
        'struct P { a: u32, b: vec2<i32> } fn kernel(id: vec3<u32>) -> u32 { var p = P(id.x, vec2(1, -2)); p.b.y = -9; return p.a + u32(p.b.x - p.b.y); }',
      ),
    ).toEqual([15])
    expect(
      first(inKernel('var n = 0u; loop { n++; if (n == 3u) { continue; } continuing { n += 10u; break if n > 40u; } } return n;')),
    ).toEqual([44])
    expect(first(inKernel('var n = 0u; while (true) { n += 2u; if (n > id.x) { break; } } return n;'))).toEqual([6])
    expect(first(inKernel('switch id.x { case 4u, 5u: { return 9u; } default: { } } return 1u;'))).toEqual([9])
    expect(first(inKernel('var a: array<array<u32, 3>, 2>; a[id.x][1] = 7u; return a[1][1] * 10u + a[0][1];'))).toEqual([70])
    expect(
      first(inKernel('const N = 3; const T = array(1, 2, N); return u32(T[id.x - 4u]) + u32(select(1.5, 2.5, id.x > 1u) * 2.0);')),
    ).toEqual([7])
    expect(first(inKernel('return bitcast<u32>(sqrt(f32(id.x) - 1.0)) + u32(all(vec2(true, id.x == 5u)));'))).toEqual([0x4000_0001])
    expect(first(inKernel('let length = id.x; let step = 2u; return length * step;'))).toEqual([10])
  })

  it('gives NaN one pattern of bits wherever it comes from', () => {
    expect(first(inKernel('let z = f32(id.x) - 5.0; return bitcast<u32>(z / z);'))).toEqual([0x7fc0_0000])
    expect(first(inKernel('return bitcast<u32>(bitcast<f32>(0xffc12345u + id.x));'))).toEqual([0x7fc0_0000])
  })

  it('takes the examples of the documentation', () => {
    const page = readFileSync(new URL('../../../docs/kernels.md', import.meta.url), 'utf8')
    const examples = [...page.matchAll(/```wgsl\n([^]*?)```/g)].map((match) => match[1]!)
    expect(examples.length).toBe(4)
    const manifest = {
      parameters: ['rate', 'step', 'rounds'].map((name) => ({
        name,
        type: name === 'rounds' ? ('u32' as const) : ('i32' as const),
        label: name,
        default: 1,
        min: 0,
        max: 9,
      })),
      input: { kind: 'stream' as const, shape: 'image' as const, bytesPerItem: 4, halo: 1 },
    }
    examples.forEach((source) => {
      const elementsPerItem = source.includes('-> vec2') ? 2 : 1
      expect(() => checkKernel(testKernel(source, { elementsPerItem, manifest })), source).not.toThrow()
    })
  })
})

describe('the float library', () => {
  const one = (expression: string, x: number) => {
    const [word] = first(
      inKernel(`let x = f32(id.x) * 0.0 + ${x < 0 ? `(${x.toFixed(7)})` : x.toFixed(7)}; return bitcast<u32>(${expression});`),
    )
    return new Float32Array(new Uint32Array([word!]).buffer)[0]!
  }
  const functions: [string, (x: number) => number, number[]][] = [
    ['exp(x)', Math.exp, [-20, -1, -0.1, 0, 0.5, 1, 10, 80]],
    ['exp2(x)', (x) => 2 ** x, [-20, -1.5, 0, 0.25, 3, 100]],
    ['log(x)', Math.log, [0.001, 0.5, 0.99, 1, 1.5, 3, 12345]],
    ['log2(x)', Math.log2, [0.001, 0.5, 1, 8, 12345]],
    ['pow(x, 2.5)', (x) => x ** 2.5, [0.1, 1, 2, 30]],
    ['sin(x)', Math.sin, [-3, -1, 0, 0.5, 1, 2, 3, 6, 50]],
    ['cos(x)', Math.cos, [-3, -1, 0, 0.5, 1, 2, 3, 6, 50]],
    ['tan(x)', Math.tan, [-1, 0, 0.5, 1]],
  ]
  for (const [text, exact, points] of functions) {
    it(`computes ${text} within the bounds of the specification`, () => {
      for (const x of points) {
        const wanted = exact(Math.fround(x))
        expect(Math.abs(one(text, x) - wanted), `${text} at ${x}`).toBeLessThanOrEqual(2 ** -11 * 0.01 + Math.abs(wanted) * 2e-5)
      }
    })
  }
})
