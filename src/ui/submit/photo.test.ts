import { describe, expect, it } from 'vitest'
import { checkPhotoHead, checkPhotoSize, MAX_PHOTO_FILE_BYTES, PhotoError } from './photo.ts'

/** The first 24 bytes of a PNG, which say its size. */
function pngHead(width: number, height: number): Uint8Array {
  const head = new Uint8Array(33)
  head.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const view = new DataView(head.buffer)
  view.setUint32(8, 13)
  head.set([0x49, 0x48, 0x44, 0x52], 12)
  view.setUint32(16, width)
  view.setUint32(20, height)
  return head
}

describe('a photo', () => {
  it('passes with ordinary measures', () => {
    expect(() => checkPhotoHead('a.png', 1000, pngHead(1500, 1125))).not.toThrow()
  })

  it('without pixels is refused by name, before it is decoded', () => {
    expect(() => checkPhotoHead('nothing.png', 80, pngHead(0, 0))).toThrow(/“nothing.png”.*0 × 0 pixels.*Choose/)
  })

  it('with more pixels than fit is refused before it is decoded', () => {
    expect(() => checkPhotoHead('bomb.png', 5000, pngHead(60_000, 60_000))).toThrow(/60,000 × 60,000.*Scale it down/)
    expect(() => checkPhotoSize('long.png', 20_000, 1)).toThrow(PhotoError)
  })

  it('that is empty or too large a file is refused with the figure', () => {
    expect(() => checkPhotoHead('a.jpg', 0, new Uint8Array(0))).toThrow(/empty/)
    expect(() => checkPhotoHead('a.jpg', MAX_PHOTO_FILE_BYTES + 1, new Uint8Array(0))).toThrow(/64 MiB/)
  })

  it('of an unknown format is left to the decoder', () => {
    expect(() => checkPhotoHead('a.bmp', 100, new Uint8Array(100))).not.toThrow()
  })
})
