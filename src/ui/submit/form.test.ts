import { describe, expect, it } from 'vitest'
import type { Parameter } from '../../domain/kernel.ts'
import { defaultText, formText, rangeText, readForm } from './form.ts'

const width: Parameter = { name: 'width', type: 'u32', label: 'Width', unit: 'pixels', default: 640, min: 1, max: 8192 }
const centre: Parameter = { name: 'centre', type: 'fixed', label: 'Centre', default: '-0.75', min: -4, max: 4, fractionBits: 28 }
const weights: Parameter = { name: 'weights', type: 'i32', label: 'Weights', default: [0, 1, 0], min: -99, max: 99, length: 3 }
const manifest = { name: 'test', parameters: [width, centre, weights] }

describe('the form of a kernel', () => {
  it('starts with the defaults, which are right', () => {
    const { values, errors } = readForm(manifest, defaultText(manifest))
    expect(errors).toEqual({})
    expect(values).toEqual({ width: 640, centre: '-0.75', weights: [0, 1, 0] })
  })

  it('keeps the digits of a fixed-point number as they were typed', () => {
    expect(readForm(manifest, { ...defaultText(manifest), centre: ' -0.743643887037158 ' }).values.centre).toBe('-0.743643887037158')
  })

  it('names the field, the value and the range when a value is out of range', () => {
    const { errors, values } = readForm(manifest, { ...defaultText(manifest), width: '0' })
    expect(errors.width).toMatch(/Width.*from 1 to 8192 pixels: 0 was given/)
    expect(values).not.toHaveProperty('width')
  })

  it('marks every wrong field at once', () => {
    const { errors } = readForm(manifest, { width: '', centre: 'left', weights: '1 2 3 4' })
    expect(Object.keys(errors)).toEqual(['width', 'centre', 'weights'])
  })

  it('takes a list with commas, spaces or lines between its numbers', () => {
    expect(readForm(manifest, { ...defaultText(manifest), weights: '1, -2\n3' }).values.weights).toEqual([1, -2, 3])
  })

  it('fills up a list that is too short with zeros', () => {
    expect(readForm(manifest, { ...defaultText(manifest), weights: '7' }).values.weights).toEqual([7, 0, 0])
  })

  it('writes a small table in the corner of a large one line by line', () => {
    const table = [0, -1, 0, -1, 5, -1, 0, -1, 0].concat(Array.from({ length: 216 }, () => 0))
    expect(formText({ table }).table).toBe('0 -1 0\n-1 5 -1\n0 -1 0')
  })

  it('refuses a list with something in it that is not a number', () => {
    expect(readForm(manifest, { ...defaultText(manifest), weights: '1 two 3' }).errors.weights).toMatch(/Weights.*: two is none/)
  })

  it('quotes what is no number as it was typed, and says of an empty field that it is', () => {
    const of = (text: string) => readForm(manifest, { ...defaultText(manifest), width: text, centre: text }).errors
    expect(Object.values(of('1,600'))).toEqual([expect.stringMatching(/: 1,600 was given/), expect.stringMatching(/: 1,600 was given/)])
    expect(Object.values(of(' '))).toEqual([expect.stringMatching(/: nothing was given/), expect.stringMatching(/: nothing was given/)])
  })

  it('says the range with its unit, and the length of a list', () => {
    expect(rangeText(width)).toBe('from 1 to 8,192 pixels')
    expect(rangeText({ ...centre, min: 1e-15 })).toBe('from 0.000000000000001 to 4')
    expect(rangeText(weights)).toBe('up to 3 numbers, each from -99 to 99; the rest are zero')
  })
})
