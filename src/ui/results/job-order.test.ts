import { describe, expect, it } from 'vitest'
import { inJobOrder } from './job-order.ts'

describe('inJobOrder', () => {
  it('lists certificates by block and microjob, whenever they came', () => {
    const came = [1, 0, 2].flatMap((blockIndex) => [11, 2, 0].map((microjob) => ({ body: { blockIndex, microjob } })))
    expect(inJobOrder(came).map(({ body }) => `${body.blockIndex}/${body.microjob}`)).toEqual(
      [0, 1, 2].flatMap((block) => [0, 2, 11].map((microjob) => `${block}/${microjob}`)),
    )
  })
})
