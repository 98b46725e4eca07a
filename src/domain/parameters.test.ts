import { describe, expect, it } from 'vitest'
import type { Parameter } from './kernel.ts'
import { ParameterError, encodeParameters, parameterLayout, parameterNumber } from './parameters.ts'

const number = (name: string, type: Parameter['type'], more: Partial<Parameter> = {}): Parameter => ({
  name,
  type,
  label: name,
  default: 1,
  min: -10,
  max: 10,
  ...more,
})
const manifest = {
  name: 'k',
  parameters: [
    number('count', 'u32', { min: 0 }),
    number('shift', 'i32'),
    number('scale', 'f32'),
    number('centre', 'fixed', { fractionBits: 28, min: -7, max: 7 }),
    number('table', 'i32', { length: 3, default: [1, 2, 3] }),
    number('deep', 'fixed', { fractionBits: 60, min: -7, max: 7 }),
  ],
}
const words = (values: Parameters<typeof encodeParameters>[1]) => [...new Uint32Array(encodeParameters(manifest, values).buffer)]

describe('parameters', () => {
  it('become little-endian words in manifest order, with defaults filled in', () => {
    expect(words({ count: 7, shift: -1, scale: 0.5, centre: '-1.5' })).toEqual([
      7, 0xffff_ffff, 0x3f00_0000, 0xe800_0000, 1, 2, 3, 0, 0x1000_0000,
    ])
  })

  it('lie where their layout says', () => {
    expect(parameterLayout(manifest).map(({ name, offset, length }) => [name, offset, length])).toEqual([
      ['count', 0, null],
      ['shift', 1, null],
      ['scale', 2, null],
      ['centre', 3, null],
      ['table', 4, 3],
      ['deep', 7, 2],
    ])
  })

  it('keep every bit of a long decimal number', () => {
    // -0.743643887037158704 * 2^60, rounded to nearest.
    const exact = -((743_643_887_037_158_704n * 2n ** 61n + 10n ** 18n) / (2n * 10n ** 18n))
    const [low, high] = words({ deep: '-0.743643887037158704' }).slice(7)
    expect((BigInt(high!) << 32n) | BigInt(low!)).toBe(BigInt.asUintN(64, exact))
    expect(words({ centre: '1e-3' })[3]).toBe(Math.round(0.001 * 2 ** 28))
  })

  it('are refused with name, value and range', () => {
    const refused: [Parameters<typeof encodeParameters>[1], RegExp][] = [
      [{ count: -1 }, /"count" \(count\) must be from 0 to 10[^0-9]*-1 was given/],
      [{ count: 1.5 }, /whole number/],
      [{ count: '' }, /a number.*nothing was given/],
      [{ shift: 11 }, /from -10 to 10: 11 was given/],
      [{ scale: Number.NaN }, /a number/],
      [{ scale: 'ten' }, /a number/],
      [{ table: [1, 2] }, /list of 3 numbers; this one has 2/],
      [{ table: 5 }, /list of 3/],
      [{ shift: [1] }, /one number from -10 to 10, not a list/],
      [{ unknown: 1 }, /no parameter "unknown"/],
      [{ centre: '0x10' }, /from|decimal/],
    ]
    for (const [values, message] of refused) {
      expect(() => encodeParameters(manifest, values), JSON.stringify(values)).toThrow(ParameterError)
      expect(() => encodeParameters(manifest, values), JSON.stringify(values)).toThrow(message)
    }
  })

  it('give a single number for an axis', () => {
    expect(parameterNumber(manifest, { count: '9' }, 'count')).toBe(9)
    expect(() => parameterNumber(manifest, {}, 'table')).toThrow(/single number/)
  })
})
