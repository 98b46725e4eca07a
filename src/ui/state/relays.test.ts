import { describe, expect, it } from 'vitest'
import { findRelays, RelayError, relaysInQuery } from './relays.ts'

const answer =
  (body: unknown, status = 200) =>
  () =>
    Promise.resolve(new Response(JSON.stringify(body), { status }))
function memory() {
  const texts = new Map<string, string>()
  return { getItem: (key: string) => texts.get(key) ?? null, setItem: (key: string, value: string) => void texts.set(key, value) }
}
const never = () => Promise.reject(new Error('must not be asked'))

describe('finding relays', () => {
  it('takes every relay named in the address and asks nobody', async () => {
    await expect(findRelays('?relay=/ip4/127.0.0.1/tcp/1/ws&relay=/dns4/b/tcp/443/wss', never, memory())).resolves.toEqual([
      '/ip4/127.0.0.1/tcp/1/ws',
      '/dns4/b/tcp/443/wss',
    ])
  })

  it('otherwise takes those that the server of the page names', async () => {
    const relays = ['/ip4/127.0.0.1/tcp/9/ws/p2p/12D3']
    await expect(findRelays('', answer({ multiaddrs: relays, peer: '12D3', more: true }), memory())).resolves.toEqual(relays)
  })

  it('goes back to those it was last given when the server does not answer', async () => {
    const store = memory()
    await findRelays('', answer({ multiaddrs: ['/dns4/a'] }), store)
    await expect(findRelays('', () => Promise.reject(new TypeError('Failed to fetch')), store)).resolves.toEqual(['/dns4/a'])
  })

  it('refuses an address that is not a multiaddr and says which', () => {
    expect(() => relaysInQuery('?relay=wss://example.org')).toThrow(/"wss:\/\/example.org".*multiaddr/)
  })

  it('says what to do when the server does not answer, answers badly or has no relay', async () => {
    await expect(findRelays('', () => Promise.reject(new TypeError('Failed to fetch')), memory())).rejects.toThrow(
      /Failed to fetch.*\?relay=/,
    )
    await expect(findRelays('', answer({}, 404), memory())).rejects.toThrow(/404/)
    await expect(findRelays('', answer({ multiaddrs: 'x' }), memory())).rejects.toThrow(/not understood/)
    await expect(findRelays('', answer({ multiaddrs: [] }), memory())).rejects.toThrow(RelayError)
  })
})
