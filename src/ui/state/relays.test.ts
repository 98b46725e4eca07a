import { describe, expect, it } from 'vitest'
import { findServers, RelayError, relaysInQuery } from './relays.ts'

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
    await expect(findServers('?relay=/ip4/127.0.0.1/tcp/1/ws&relay=/dns4/b/tcp/443/wss', never, memory())).resolves.toEqual({
      relays: ['/ip4/127.0.0.1/tcp/1/ws', '/dns4/b/tcp/443/wss'],
      iceServers: [],
    })
  })

  it('otherwise takes those that the server of the page names', async () => {
    const relays = ['/ip4/127.0.0.1/tcp/9/ws/p2p/12D3']
    await expect(findServers('', answer({ multiaddrs: relays, peer: '12D3', more: true }), memory())).resolves.toEqual({
      relays,
      iceServers: [],
    })
  })

  it('goes back to those it was last given when the server does not answer', async () => {
    const store = memory()
    const iceServers = [{ urls: 'stun:a' }]
    await findServers('', answer({ multiaddrs: ['/dns4/a'], iceServers }), store)
    await expect(findServers('', () => Promise.reject(new TypeError('Failed to fetch')), store)).resolves.toEqual({
      relays: ['/dns4/a'],
      iceServers,
    })
  })

  it('takes the STUN and TURN servers that come with them, and nothing that is none', async () => {
    const iceServers = [{ urls: 'stun:a:3478' }, { urls: 'turn:b:3478?transport=tcp', username: 'u', credential: 'p' }]
    const found = await findServers('', answer({ multiaddrs: ['/dns4/a'], iceServers }), memory())
    expect(found.iceServers).toEqual(iceServers)
    for (const bad of [[{ urls: 'http://c' }], [{ urls: 7 }], 'turn:a', Array.from({ length: 99 }, () => ({ urls: 'stun:a' }))]) {
      await expect(findServers('', answer({ multiaddrs: ['/dns4/a'], iceServers: bad }), memory())).rejects.toThrow(/not understood/)
    }
  })

  it('refuses an address that is not a multiaddr and says which', () => {
    expect(() => relaysInQuery('?relay=wss://example.org')).toThrow(/"wss:\/\/example.org".*multiaddr/)
  })

  it('says what to do when the server does not answer, answers badly or has no relay', async () => {
    await expect(findServers('', () => Promise.reject(new TypeError('Failed to fetch')), memory())).rejects.toThrow(
      /Failed to fetch.*\?relay=/,
    )
    await expect(findServers('', answer({}, 404), memory())).rejects.toThrow(/404/)
    await expect(findServers('', answer({ multiaddrs: 'x' }), memory())).rejects.toThrow(/not understood/)
    await expect(findServers('', answer({ multiaddrs: [] }), memory())).rejects.toThrow(RelayError)
  })
})
