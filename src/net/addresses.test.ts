import { multiaddr } from '@multiformats/multiaddr'
import { expect, it } from 'vitest'
import { placeOf } from './addresses.ts'

it.each([
  ['/ip4/127.0.0.1/tcp/9001/ws', '127.0.0.1:9001'],
  ['/ip6/::1/tcp/9001/ws', '[::1]:9001'],
  ['/dns4/example.org/tcp/443/tls/ws/p2p/12D3KooWBem4nSa7BYDiifCffHXK9UV8fVXEgrd1PMiKasgEWxES', 'example.org:443'],
  ['/dns/example.org', 'example.org'],
])('%s is shown as %s', (address, place) => {
  expect(placeOf(multiaddr(address))).toBe(place)
})
