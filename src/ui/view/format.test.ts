import { describe, expect, it } from 'vitest'
import { bytes, duration, fileName, percent, plural, sentence, share, shortId } from './format.ts'

describe('format', () => {
  it('writes bytes in powers of 1024', () => {
    expect([0, 1023, 1536, 6_750_000, 3 * 2 ** 30].map(bytes)).toEqual(['0 B', '1,023 B', '1.5 KiB', '6.4 MiB', '3 GiB'])
  })

  it('writes durations in at most two units', () => {
    expect([0.2, 42, 60, 185, 3600, 7800, 259_200].map(duration)).toEqual([
      'under a second',
      '42 s',
      '1 min',
      '3 min 5 s',
      '1 h',
      '2 h 10 min',
      '3 days',
    ])
    expect(duration(Number.NaN)).toBe('unknown')
  })

  it('says 100% only when nothing is missing', () => {
    expect(percent(999, 1000)).toBe('99%')
    expect(percent(1000, 1000)).toBe('100%')
    expect(percent(0, 0)).toBe('0%')
  })

  it('lets the shares of two who did all of it come to a hundred', () => {
    expect([share(474, 945), share(471, 945), share(945, 945), share(0, 0)]).toEqual(['50.2%', '49.8%', '100%', '0%'])
  })

  it('shortens an id to its end and leaves a short one alone', () => {
    expect(shortId('12D3KooWabcdefXYZ123')).toBe('…XYZ123')
    expect(shortId('me')).toBe('me')
  })

  it('counts with the right noun', () => {
    expect([plural(1, 'chunk'), plural(0, 'chunk'), plural(1200, 'chunk')]).toEqual(['1 chunk', '0 chunks', '1,200 chunks'])
  })

  it('makes a sentence of a phrase and leaves one as it is', () => {
    expect([sentence('the CPU was asked for'), sentence('Done.'), sentence(' ')]).toEqual(['The CPU was asked for.', 'Done.', ''])
  })

  it('makes a harmless file name of any job title', () => {
    expect(fileName('../../etc/passwd', '.png')).toBe('etc-passwd.png')
    expect(fileName('<img src=x>', '.bin')).toBe('img-src-x.bin')
    expect(fileName('Säntis – Blur', '.png')).toBe('sa-ntis-blur.png')
    expect(fileName('…', '.png')).toBe('roomful.png')
    expect(fileName('a'.repeat(500), '').length).toBe(60)
  })
})
