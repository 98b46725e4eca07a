import type { Kernel } from '../../domain/kernel.ts'
import { builtInKernels } from '../kernels/index.ts'
import { testKernel } from '../test-kernel.ts'
import { generateKernel } from './generate.ts'
import { SeededRandom } from './random.ts'

const FRAGMENTS = [
  '(',
  ')',
  '{',
  '}',
  '[',
  ']',
  '<',
  '>',
  ';',
  ',',
  '.',
  '@',
  '-',
  '--',
  '++',
  '/*',
  '*/',
  '//',
  '0x',
  '1e999',
  '4294967296',
  '0u / 0u',
  '<<',
  '>>=',
  'fn',
  'var',
  'let',
  'const',
  'loop',
  'continuing',
  'break if',
  'struct',
  'array',
  'array<u32>',
  'array<u32, 100000000>',
  'vec4',
  'kernel(id)',
  'ptr<function, u32>',
  'return',
  'input[0]',
  'params.x',
  '\u0000',
  '\ud800',
  'é',
  '"',
  "'",
  '\\',
  '`',
  'f16',
  'override',
  'switch',
  'default',
  '99999999999999999999',
  '.5f',
  '1.',
  'id.xyzw',
]

/** Sources that are deep, huge or otherwise meant to hurt. */
const BOMBS: ((random: SeededRandom) => string)[] = [
  (random) => wrap(`${'('.repeat(10_000)}1u${')'.repeat(random.below(2) * 10_000)}`),
  () => wrap(`id.x${' + 1u'.repeat(10_000)}`),
  () => wrap('-'.repeat(20_000) + '1'),
  () => wrap(`${'!'.repeat(20_000)}true`),
  () => wrap(`vec4${'<vec4'.repeat(5_000)}`),
  () => `fn kernel(id: vec3<u32>) -> u32 ${'{'.repeat(20_000)}`,
  () => `fn kernel(id: vec3<u32>) -> u32 { ${'if (true) { '.repeat(4_000)} }`,
  () => `fn kernel(id: vec3<u32>) -> u32 { ${'if (id.x > 1u) { } else '.repeat(2_500)} { } return 1u; }`,
  () => doubling(40),
  () => doubling(15),
  () => doubling(11),
  () => `struct A { a: B } struct B { a: A } fn kernel(id: vec3<u32>) -> u32 { return 1u; }`,
  () => `const A = B; const B = A; ${wrap('A')}`,
  () => `fn f(x: u32) -> u32 { return f(x); } ${wrap('f(1u)')}`,
  () => `fn f(x: u32) -> u32 { return g(x); } fn g(x: u32) -> u32 { return f(x); } ${wrap('f(1u)')}`,
  () =>
    `alias T = array<array<array<array<u32, 1000>, 1000>, 1000>, 1000>; fn kernel(id: vec3<u32>) -> u32 { var t: T; return t[0][0][0][id.x]; }`,
  () => `fn kernel(id: vec3<u32>) -> u32 { var a: array<u32, 16000>; var b = a; var c = b; return c[id.x]; }`,
  () => `fn kernel(id: vec3<u32>) -> u32 { ${Array.from({ length: 3000 }, (_, i) => `var v${i} = id.x;`).join('')} return v7; }`,
  () => `fn kernel(id: vec3<u32>) -> u32 { var n = id.x; ${'n = n * n + n;'.repeat(4500)} return n; }`,
  () => `const X = array(${'1u,'.repeat(16_000)}1u); ${wrap('X[id.x]')}`,
  () => `const A = array<u32, 16384>(); ${Array.from({ length: 40 }, (_, i) => `const B${i} = A;`).join('')} ${wrap('1u')}`,
  () => `fn kernel(id: vec3<u32>) -> u32 { ${nest(9, 'for (var @ = 0u; @ < 80u; @++) {')} return 1u; }`,
  () => '/*'.repeat(32_000),
  () => ' '.repeat(70_000),
  () => 'a'.repeat(65_000),
  () =>
    `fn kernel(id: vec3<u32>) -> u32 { switch id.x { ${Array.from({ length: 2000 }, (_, i) => `case ${i}u: { return ${i}u; }`).join('')} default: { return 1u; } } }`,
  () =>
    `fn kernel(id: vec3<u32>) -> u32 { switch id.x { case ${Array.from({ length: 8000 }, (_, i) => `${i}u`).join(',')}: { return 2u; } default: { return 1u; } } }`,
  () => '',
]

/** A kernel whose source is broken, deep or huge in a way that the seed decides; its manifest fits what it was made of. */
export function hostileKernel(seed: number): Kernel {
  const random = new SeededRandom(seed)
  if (random.chance(5)) return testKernel(random.pick(BOMBS)(random))
  const { source, manifest } = random.chance(30) ? random.pick(builtInKernels) : testKernel(generateKernel(seed), { elementsPerItem: 4 })
  let broken = source
  for (let change = random.below(4); change >= 0; change--) broken = altered(broken, random)
  return { source: broken, manifest }
}

function altered(source: string, random: SeededRandom): string {
  const at = random.below(source.length + 1)
  const end = at + random.below(30)
  switch (random.below(5)) {
    case 0:
      return source.slice(0, at) + source.slice(end)
    case 1:
      return `${source.slice(0, at)} ${random.pick(FRAGMENTS)} ${source.slice(at)}`
    case 2:
      return source.slice(0, at) + source.slice(end, end + random.below(200)) + source.slice(at)
    case 3:
      return source.slice(0, at) + String.fromCharCode(random.below(256)) + source.slice(at + 1)
    default:
      return source.slice(0, at) + random.pick(FRAGMENTS) + source.slice(end)
  }
}

function wrap(expression: string): string {
  return `fn kernel(id: vec3<u32>) -> u32 { return ${expression}; }`
}

/** Each function calls the one before it twice. */
function doubling(depth: number): string {
  const functions = Array.from({ length: depth }, (_, i) => `fn twice${i + 1}(x: u32) -> u32 { return twice${i}(x) + twice${i}(x + 1u); }`)
  return `fn twice0(x: u32) -> u32 { return x * x + 1u; } ${functions.join('\n')} ${wrap(`twice${depth}(id.x)`)}`
}

function nest(depth: number, head: string): string {
  return Array.from({ length: depth }, (_, i) => head.replaceAll('@', `i${i}`)).join(' ') + '}'.repeat(depth)
}
