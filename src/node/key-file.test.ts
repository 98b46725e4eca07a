import { describe, expect, it } from 'vitest'
import { generateKey, keyFromBytes, peerOfKey } from '../net/keys.ts'
import { keyFileText, parseKeyFile } from './key-file.ts'

describe('a key file', () => {
  it('gives back the key it was made from, and its peer', async () => {
    const key = await generateKey()
    expect(await parseKeyFile(keyFileText(key))).toEqual({ peer: peerOfKey(keyFromBytes(key)), key })
  })

  it('is refused with any one of its digits changed', async () => {
    const key = await generateKey()
    const text = keyFileText(key)
    const at = text.indexOf('"key": "') + 8
    const digits = 2 * key.length
    for (let i = 0; i < digits; i++) {
      const other = text[at + i] === '0' ? '1' : '0'
      await expect(parseKeyFile(text.slice(0, at + i) + other + text.slice(at + i + 1)), `digit ${i}`).rejects.toThrow(
        'the file was changed',
      )
    }
  })

  it.each([
    ['no JSON', 'not JSON'],
    ['[]', 'not a key of Roomful'],
    ['null', 'not a key of Roomful'],
    ['{"roomful":"private key","peer":"x"}', 'hexadecimal digits'],
    ['{"roomful":"private key","peer":"x","key":"0801"}', 'not a whole Ed25519 key'],
  ])('is not %s', async (text, reason) => {
    await expect(parseKeyFile(text)).rejects.toMatchObject({ name: 'KeyFileError', message: expect.stringContaining(reason) })
  })

  it('is not one of another peer', async () => {
    const [mine, theirs] = [JSON.parse(keyFileText(await generateKey())), JSON.parse(keyFileText(await generateKey()))]
    await expect(parseKeyFile(JSON.stringify({ ...mine, peer: theirs.peer }))).rejects.toThrow(mine.peer)
  })
})
