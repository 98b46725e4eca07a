import { describe, expect, it } from 'vitest'
import { KeySigner, generateKey, keyFromBytes, peerOfKey } from './keys.ts'

describe('a key', () => {
  it('gives the same peer id whenever it is read from its bytes', async () => {
    const bytes = await generateKey()
    expect(peerOfKey(keyFromBytes(bytes))).toBe(peerOfKey(keyFromBytes(Uint8Array.from(bytes))))
    expect(peerOfKey(keyFromBytes(await generateKey()))).not.toBe(peerOfKey(keyFromBytes(bytes)))
  })

  it('signs what only its own peer id verifies', async () => {
    const [a, b] = [new KeySigner(keyFromBytes(await generateKey())), new KeySigner(keyFromBytes(await generateKey()))]
    const message = Uint8Array.of(1, 2, 3)
    const signature = await a.sign(message)
    expect(await b.verify(a.self, message, signature)).toBe(true)
    expect(await b.verify(b.self, message, signature)).toBe(false)
    expect(await b.verify(a.self, Uint8Array.of(1, 2, 4), signature)).toBe(false)
  })

  it('verifies nothing for a name that is no peer id, or a signature that is none, and throws at nobody', async () => {
    const signer = new KeySigner(keyFromBytes(await generateKey()))
    expect(await signer.verify('nobody', new Uint8Array(), new Uint8Array(64))).toBe(false)
    expect(await signer.verify(signer.self, new Uint8Array(), new Uint8Array(3))).toBe(false)
  })
})
