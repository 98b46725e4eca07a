import { SeededRandom } from './random.ts'

/** Types that generated programs use. */
type Kind = 'u32' | 'i32' | 'bool' | 'vec2<u32>' | 'vec3<i32>' | 'array<u32, 5>' | 'Pair' | 'f32'

const INTEGERS: Kind[] = ['u32', 'i32']
const INTERESTING = ['0', '1', '2', '3', '7', '31', '32', '255', '65535', '2147483647']

interface Name {
  text: string
  kind: Kind
  mutable: boolean
}

/** Parts of the language that a generated program may use. */
export interface GenerateOptions {
  /** Also f32, kept to operations whose result WGSL fixes to the last bit. */
  floats: boolean
}

/** A valid kernel of the subset, `fn kernel(id: vec3<u32>) -> vec4<u32>`, from a seed. */
export function generateKernel(seed: number, options: GenerateOptions = { floats: false }): string {
  return new Generator(new SeededRandom(seed), options).program()
}

class Generator {
  readonly #random: SeededRandom
  readonly #options: GenerateOptions
  #scope: Name[] = []
  #functions: { name: string; parameters: Kind[]; returns: Kind }[] = []
  #names = 0
  #loops = 0
  #budget = 60

  constructor(random: SeededRandom, options: GenerateOptions) {
    this.#random = random
    this.#options = options
  }

  program(): string {
    const tables = [`const TABLE = array<u32, 7>(${Array.from({ length: 7 }, () => `${this.#random.next()}u`).join(', ')});`]
    tables.push(`const SIGNED = array<i32, 3>(${Array.from({ length: 3 }, () => `${(this.#random.next() | 0) % 1_000_000}`).join(', ')});`)
    const helpers = Array.from({ length: this.#random.below(4) }, () => this.#helper())
    this.#scope = [
      { text: 'id.x', kind: 'u32', mutable: false },
      { text: 'id.y', kind: 'u32', mutable: false },
    ]
    this.#budget = 60
    const body = this.#statements(3 + this.#random.below(6), 1)
    const result = Array.from({ length: 4 }, () => this.#expression('u32', 3)).join(', ')
    return [
      'struct Pair { low: u32, high: i32, both: vec2<u32> }',
      ...tables,
      ...helpers,
      `fn kernel(id: vec3<u32>) -> vec4<u32> {`,
      ...body,
      `  return vec4<u32>(${result});`,
      '}',
    ].join('\n')
  }

  #helper(): string {
    // The first one is what no compiler can take for a constant.
    const parameters: Kind[] = ['u32', ...Array.from({ length: this.#random.below(3) }, () => this.#kind())]
    const returns = this.#kind()
    const name = `helper${this.#functions.length}`
    this.#scope = parameters.map((kind, index) => ({ text: `p${index}`, kind, mutable: false }))
    this.#budget = 20
    this.#loops = 1
    const body = this.#statements(1 + this.#random.below(4), 1, returns)
    const text = `fn ${name}(${parameters.map((kind, index) => `p${index}: ${kind}`).join(', ')}) -> ${returns} {\n${body.join('\n')}\n  return ${this.#expression(returns, 3)};\n}`
    this.#loops = 0
    this.#functions.push({ name, parameters, returns })
    return text
  }

  #kind(): Kind {
    const kinds: Kind[] = ['u32', 'u32', 'i32', 'i32', 'bool', 'vec2<u32>', 'vec3<i32>', 'array<u32, 5>', 'Pair']
    return this.#random.pick(this.#options.floats ? [...kinds, 'f32', 'f32'] : kinds)
  }

  #statements(count: number, depth: number, returns: Kind | null = null): string[] {
    const outer = this.#scope
    this.#scope = [...outer]
    const lines = Array.from({ length: count }, () => this.#statement(depth, returns)).flat()
    // What the outermost block declares stays visible for the result.
    if (depth > 1) this.#scope = outer
    return lines.map((line) => `  ${line}`)
  }

  #statement(depth: number, returns: Kind | null): string[] {
    const choice = this.#random.below(100)
    if (this.#budget-- <= 0 || depth > 4 || choice < 35) return [this.#declaration()]
    if (choice < 65) return [this.#assignment()]
    if (choice < 80) {
      const condition = this.#expression('bool', 3)
      const then = this.#statements(1 + this.#random.below(3), depth + 1, returns)
      const early = returns !== null && this.#random.chance(20) ? [`  return ${this.#expression(returns, 2)};`] : []
      return [`if (${condition}) {`, ...then, ...early, '} else {', ...this.#statements(this.#random.below(3), depth + 1, returns), '}']
    }
    if (choice < 88) return this.#switch(depth, returns)
    return this.#loops < 2 ? this.#loop(depth, returns) : [this.#assignment()]
  }

  #declaration(): string {
    const kind = this.#kind()
    const name = `v${this.#names++}`
    const mutable = this.#random.chance(60)
    const value = mutable && this.#random.chance(15) ? null : this.#expression(kind, 3)
    this.#scope.push({ text: name, kind, mutable })
    return value === null ? `var ${name}: ${kind};` : `${mutable ? 'var' : 'let'} ${name}: ${kind} = ${value};`
  }

  #assignment(): string {
    const targets = this.#scope.filter((entry) => entry.mutable)
    if (targets.length === 0) return this.#declaration()
    const { text, kind } = this.#random.pick(targets)
    const whole = this.#random.chance(30)
    if (!whole && kind === 'array<u32, 5>')
      return `${text}[${this.#index()}] ${this.#random.pick(['=', '+=', '^='])} ${this.#expression('u32', 3)};`
    if (!whole && kind === 'vec2<u32>') return `${text}[${this.#index()}] = ${this.#expression('u32', 3)};`
    if (!whole && kind === 'vec3<i32>') return `${text}.${this.#random.pick(['x', 'y', 'z'])} -= ${this.#expression('i32', 3)};`
    if (!whole && kind === 'Pair')
      return this.#random.chance(50)
        ? `${text}.both[${this.#index()}] *= ${this.#expression('u32', 2)};`
        : `${text}.high = ${this.#expression('i32', 3)};`
    if (kind === 'u32' && this.#random.chance(40))
      return `${text} ${this.#random.pick(['+=', '-=', '*=', '/=', '%=', '&=', '|=', '^='])} ${this.#runtime('u32', 3)};`
    return `${text} = ${this.#expression(kind, 4)};`
  }

  #switch(depth: number, returns: Kind | null): string[] {
    const body = () => this.#statements(1 + this.#random.below(2), depth + 1, returns)
    const leave = () => (this.#random.chance(20) ? ['  break;'] : [])
    return [
      `switch (${this.#expression('u32', 2)} & 3u) {`,
      'case 0u, 2u: {',
      ...body(),
      ...leave(),
      '}',
      this.#random.chance(50) ? 'case 1u, default: {' : 'default: {',
      ...body(),
      '}',
      '}',
    ]
  }

  #loop(depth: number, returns: Kind | null): string[] {
    this.#loops++
    const counter = `n${this.#names++}`
    const outer = this.#scope
    const rounds = this.#random.pick(['3u', '5u', '8u', `(${this.#expression('u32', 1)} & 7u)`, '17u'])
    const shape = this.#random.below(3)
    this.#scope = [...outer, { text: counter, kind: 'u32', mutable: false }]
    const body = this.#statements(1 + this.#random.below(3), depth + 1, returns)
    const leave = this.#random.chance(40)
      ? [`  if (${this.#expression('bool', 2)}) { ${this.#random.pick(shape === 0 ? ['break', 'continue'] : ['break'])}; }`]
      : []
    this.#scope = outer
    this.#loops--
    if (shape === 0) return [`for (var ${counter} = 0u; ${counter} < ${rounds}; ${counter}++) {`, ...body, ...leave, '}']
    if (shape === 1) return [`var ${counter} = 0u;`, `while (${counter} < ${rounds}) {`, ...body, ...leave, `  ${counter} += 2u;`, '}']
    return [
      `var ${counter} = 0u;`,
      'loop {',
      ...body,
      ...leave,
      `  continuing { ${counter} += 1u; break if ${counter} >= ${rounds}; }`,
      '}',
    ]
  }

  #index(): string {
    return this.#random.pick([
      () => `${this.#random.below(2)}`,
      () => this.#runtime('u32', 2),
      () => this.#runtime('i32', 2),
      () => `(${this.#runtime('u32', 2)} & 1u)`,
    ])()
  }

  /** An expression that no compiler can take for a constant. */
  #runtime(kind: 'u32' | 'i32', depth: number): string {
    const anchor = this.#scope.find((entry) => entry.kind === kind || entry.kind === 'u32')
    const text = anchor === undefined ? `TABLE[0]` : anchor.kind === kind ? anchor.text : `i32(${anchor.text})`
    return `(${text} ${this.#random.pick(['+', '^', '-'])} ${this.#expression(kind, depth - 1)})`
  }

  #expression(kind: Kind, depth: number): string {
    const known = this.#scope.filter((entry) => entry.kind === kind)
    if (depth <= 0 || this.#random.chance(15)) {
      return known.length > 0 && this.#random.chance(75) ? this.#random.pick(known).text : this.#literal(kind)
    }
    const calls = this.#functions.filter((fn) => fn.returns === kind)
    // Calls inside the loops of callees multiply: few of them are enough.
    if (calls.length > 0 && this.#random.chance(6)) {
      const { name, parameters } = this.#random.pick(calls)
      return `${name}(${parameters.map((parameter) => this.#expression(parameter, depth - 2)).join(', ')})`
    }
    switch (kind) {
      case 'u32':
      case 'i32':
        return this.#integer(kind, depth - 1)
      case 'bool':
        return this.#bool(depth - 1)
      case 'vec2<u32>':
        return this.#vector(kind, 'u32', 2, depth - 1)
      case 'vec3<i32>':
        return this.#vector(kind, 'i32', 3, depth - 1)
      case 'array<u32, 5>':
        return `${kind}(${Array.from({ length: 5 }, () => this.#expression('u32', depth - 2)).join(', ')})`
      case 'Pair':
        return `Pair(${this.#expression('u32', depth - 1)}, ${this.#expression('i32', depth - 1)}, ${this.#expression('vec2<u32>', depth - 1)})`
      case 'f32':
        return this.#float(depth - 1)
    }
  }

  #literal(kind: Kind): string {
    const below = (count: number): number => this.#random.below(count)
    switch (kind) {
      case 'u32':
        return this.#random.chance(10) ? '4294967295u' : `${this.#random.pick(INTERESTING)}u`
      case 'i32':
        return this.#random.pick([...INTERESTING.map((text) => `${text}i`), '(-1i)', '(-2147483647i)', '(-7i)'])
      case 'bool':
        return this.#random.pick(['true', 'false'])
      case 'vec2<u32>':
        return `vec2<u32>(${below(9)}u, ${below(99)}u)`
      case 'vec3<i32>':
        return `vec3<i32>(${below(9)}, ${below(99)} - 50, ${below(9)})`
      case 'array<u32, 5>':
        return 'array<u32, 5>(1u, 2u, 3u, 4u, 5u)'
      case 'Pair':
        return `Pair(${below(9)}u, ${below(9)} - 4, vec2<u32>(${below(9)}u))`
      case 'f32':
        return this.#random.pick(['0.5', '1.0', '3.0', '-2.25', '1000.0', '0.001953125'])
    }
  }

  #integer(kind: 'u32' | 'i32', depth: number): string {
    const value = () => this.#expression(kind, depth)
    const unsigned = () => this.#expression('u32', depth)
    const other = INTEGERS.find((candidate) => candidate !== kind)!
    const choices: (() => string)[] = [
      () => `(${this.#runtime(kind, depth)} ${this.#random.pick(['+', '-', '*', '&', '|', '^'])} ${value()})`,
      () => `(${this.#runtime(kind, depth)} ${this.#random.pick(['/', '%'])} ${this.#runtime(kind, depth)})`,
      () => `(${this.#runtime(kind, depth)} ${this.#random.pick(['<<', '>>'])} ${this.#runtime('u32', depth)})`,
      () => `(${this.#runtime(kind, depth)} ${this.#random.pick(['<<', '>>'])} ${this.#random.below(32)}u)`,
      () => `${kind}(${this.#expression(this.#random.pick([other, 'bool']), depth)})`,
      () => `${this.#random.pick(['min', 'max'])}(${value()}, ${value()})`,
      () => `clamp(${this.#runtime(kind, depth)}, ${value()}, ${this.#runtime(kind, depth)})`,
      () =>
        `${this.#random.pick(['countOneBits', 'countLeadingZeros', 'countTrailingZeros', 'reverseBits', 'firstLeadingBit', 'firstTrailingBit', 'abs'])}(${this.#runtime(kind, depth)})`,
      () => `multiplyHigh(${value()}, ${this.#runtime(kind, depth)})`,
      () => `extractBits(${this.#runtime(kind, depth)}, (${unsigned()}) & 15u, (${unsigned()}) & 15u)`,
      () => `insertBits(${value()}, ${this.#runtime(kind, depth)}, (${unsigned()}) & 15u, (${unsigned()}) & 15u)`,
      () => `select(${value()}, ${value()}, ${this.#expression('bool', depth)})`,
      () => (kind === 'u32' ? `TABLE[${this.#index()}]` : `SIGNED[${this.#index()}]`),
      () => (kind === 'u32' ? `(~${this.#runtime('u32', depth)})` : `(-${this.#runtime('i32', depth)})`),
      () =>
        kind === 'u32'
          ? `dot(${this.#expression('vec2<u32>', depth)}, ${this.#expression('vec2<u32>', depth)})`
          : `multiplyFixed(${value()}, ${this.#runtime('i32', depth)}, ${this.#random.below(32)}u)`,
      () => this.#component(kind, depth),
    ]
    const near = () => `clamp(${this.#expression('f32', depth)}, -1000.0, 1000.0)`
    if (this.#options.floats) choices.push(() => (kind === 'u32' ? `u32(abs(${near()}))` : `i32(${near()})`))
    return this.#random.pick(choices)()
  }

  #component(kind: 'u32' | 'i32', depth: number): string {
    const holders = this.#scope.filter((entry) =>
      (kind === 'u32' ? ['vec2<u32>', 'array<u32, 5>', 'Pair'] : ['vec3<i32>', 'Pair']).includes(entry.kind),
    )
    if (holders.length === 0) return this.#literal(kind)
    const holder = this.#random.pick(holders)
    if (holder.kind === 'Pair')
      return kind === 'i32' ? `${holder.text}.high` : this.#random.pick([`${holder.text}.low`, `${holder.text}.both.y`])
    if (this.#random.chance(50) && depth > 0) return `${holder.text}[${this.#index()}]`
    return holder.kind === 'array<u32, 5>' ? `${holder.text}[${this.#random.below(5)}]` : `${holder.text}.${this.#random.pick(['x', 'y'])}`
  }

  #bool(depth: number): string {
    const kind = this.#random.pick(INTEGERS)
    return this.#random.pick([
      () => `(${this.#expression(kind, depth)} ${this.#random.pick(['==', '!=', '<', '>', '<=', '>='])} ${this.#expression(kind, depth)})`,
      () => `(${this.#expression('bool', depth)} ${this.#random.pick(['&&', '||'])} ${this.#expression('bool', depth)})`,
      () => `(!${this.#expression('bool', depth)})`,
      () => `${this.#random.pick(['any', 'all'])}(${this.#expression('vec3<i32>', depth)} < ${this.#expression('vec3<i32>', depth)})`,
    ])()
  }

  #vector(kind: 'vec2<u32>' | 'vec3<i32>', element: 'u32' | 'i32', size: number, depth: number): string {
    const value = () => this.#expression(kind, depth)
    const each = (component: () => string): string => Array.from({ length: size }, component).join(', ')
    const bits = ['countOneBits', 'countLeadingZeros', 'countTrailingZeros', 'reverseBits', 'firstLeadingBit', 'firstTrailingBit', '~']
    return this.#random.pick([
      () => `${kind}(${each(() => this.#expression(element, depth))})`,
      () => `(${value()} ${this.#random.pick(['+', '*', '^', '-', '|', '&'])} ${value()})`,
      () => `(${value()} ${this.#random.pick(['/', '%'])} ${kind}(${each(() => this.#runtime(element, depth))}))`,
      () => `(${value()} ${this.#random.pick(['<<', '>>'])} vec${size}<u32>(${each(() => this.#runtime('u32', depth))}))`,
      () => `${this.#random.pick(bits)}(${value()})`,
      () => `multiplyHigh(${value()}, ${value()})`,
      () => `select(${value()}, ${value()}, ${value()} ${this.#random.pick(['==', '!=', '<', '>', '<=', '>='])} ${value()})`,
      () => `select(${value()}, ${value()}, vec${size}<bool>(${value()}))`,
      () => `${kind}(${this.#expression(element, depth)})`,
      () => (size === 2 ? `${value()}.yx` : `${value()}.zxy`),
      () => `max(${value()}, ${value()})`,
      () => `select(${value()}, ${value()}, ${this.#expression('bool', depth)})`,
    ])()
  }

  /** Sums and products of numbers that stay exact: multiples of small powers of two. */
  #float(depth: number): string {
    return this.#random.pick([
      () => `f32(${this.#runtime('i32', depth)} % 1000)`,
      () => `(f32(${this.#runtime('u32', depth)} & 1023u) * ${this.#random.pick(['0.5', '0.25', '2.0', '-1.0'])})`,
      () => `floor(f32(${this.#runtime('i32', depth)} % 512) * 0.5)`,
      () => `abs(${this.#expression('f32', depth)})`,
      () => `min(${this.#expression('f32', depth)}, ${this.#expression('f32', depth)})`,
      () => `select(${this.#expression('f32', depth)}, ${this.#expression('f32', depth)}, ${this.#expression('bool', depth)})`,
    ])()
  }
}
