import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { get as getPlain } from 'node:http'
import { get } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RelayConfigError } from './errors.ts'
import { Gatekeeper } from './gatekeeper.ts'
import { hostMultiaddr } from './host-address.ts'
import { parseIceServer } from './ice.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { parseRelayOptions } from './options.ts'
import { createRelay } from './relay.ts'
import { readTls, selfSignedTls } from './tls.ts'
import type { Relay, RelayInit } from './relay.ts'

describe('a relay', { timeout: 20_000 }, () => {
  let directory: string
  const relays: Relay[] = []
  const start = async (init: Partial<RelayInit> = {}): Promise<Relay> => {
    const relay = await createRelay({ port: 0, dataDir: join(directory, 'data'), ...init })
    relays.push(relay)
    return relay
  }
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'roomful-relay-'))
  })
  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.stop()))
    await rm(directory, { recursive: true })
  })

  it('serves the app with its types, falls back to the page, and sends what keeps a page safe', async () => {
    const app = join(directory, 'dist')
    await mkdir(join(app, 'assets'), { recursive: true })
    await writeFile(join(app, 'index.html'), '<!doctype html><title>app</title>')
    await writeFile(join(app, 'assets', 'kernel.wasm'), new Uint8Array(8))
    await writeFile(join(app, 'manifest.webmanifest'), '{}')
    const { url } = await start({ staticDir: app })
    const page = await fetch(url)
    expect(await page.text()).toContain('<title>app</title>')
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self' 'wasm-unsafe-eval'")
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    expect((await fetch(`${url}assets/kernel.wasm`)).headers.get('content-type')).toBe('application/wasm')
    expect((await fetch(`${url}assets/kernel.wasm`)).headers.get('cache-control')).toContain('immutable')
    expect((await fetch(`${url}manifest.webmanifest`)).headers.get('content-type')).toContain('application/manifest+json')
    expect(await (await fetch(`${url}some/place`)).text()).toContain('<title>app</title>')
    expect((await fetch(`${url}assets/missing.js`)).status).toBe(404)
    expect((await fetch(`${url}%2e%2e/data/peer.key`)).status).not.toBe(200)
    expect((await fetch(url, { method: 'POST' })).status).toBe(405)
  })

  it('says that the app is not built, and what to do', async () => {
    const { url } = await start({ staticDir: join(directory, 'nothing') })
    const answer = await fetch(url)
    expect(answer.status).toBe(503)
    expect(await answer.text()).toContain('npm run build')
  })

  it('describes itself with an address for whoever asks', async () => {
    const relay = await start({ iceServers: [parseIceServer('stun:stun.example.org:3478')] })
    const described = (await (await fetch(`${relay.url}relay.json`)).json()) as Record<string, unknown>
    expect(described).toMatchObject({
      multiaddrs: [relay.multiaddr],
      peer: relay.peerId,
      iceServers: [{ urls: 'stun:stun.example.org:3478' }],
    })
    expect(hostMultiaddr('192.168.1.5:8080', false, 1, 'PEER')).toBe('/ip4/192.168.1.5/tcp/8080/ws/p2p/PEER')
    expect(hostMultiaddr('lab.example.org', true, 1, 'PEER')).toBe('/dns4/lab.example.org/tcp/443/tls/ws/p2p/PEER')
    expect(hostMultiaddr('[fd00::1]:8080', false, 1, 'PEER')).toBe('/ip6/fd00::1/tcp/8080/ws/p2p/PEER')
    expect(hostMultiaddr('evil/../host', false, 1, 'PEER')).toBe('/dns4/localhost/tcp/80/ws/p2p/PEER')
  })

  it('behind a proxy of one’s own describes itself, and counts addresses, as they are before the proxy; and else believes nobody', async () => {
    const forwarded = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'lab.example.org', 'X-Forwarded-For': 'forged, 192.0.2.7' }
    const described = async ({ url }: Relay): Promise<string | undefined> => {
      const answer = await fetch(`${url}relay.json`, { headers: forwarded })
      return ((await answer.json()) as { multiaddrs: string[] }).multiaddrs[0]
    }
    const proxied = await start({ behindProxy: true, limits: { connectionsPerAddress: 1 } })
    expect(await described(proxied)).toBe(`/dns4/lab.example.org/tcp/443/tls/ws/p2p/${proxied.peerId}`)
    const open = await start({ dataDir: join(directory, 'open') })
    expect(await described(open)).toBe(open.multiaddr)

    const upgrade = (address: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const headers = {
          Connection: 'Upgrade',
          Upgrade: 'websocket',
          'Sec-WebSocket-Version': '13',
          'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
          'X-Forwarded-For': `forged, ${address}`,
        }
        getPlain(proxied.url, { headers }, ({ statusCode }) => resolve(statusCode ?? 0))
          .on('upgrade', () => resolve(101))
          .on('error', reject)
      })
    expect([await upgrade('192.0.2.7'), await upgrade('192.0.2.7'), await upgrade('192.0.2.8')]).toEqual([101, 503, 101])
  })

  it('tells its health and its figures', async () => {
    const relay = await start({
      services: [async () => ({ stop: async () => undefined, gauges: [{ name: 'roomful_test', help: 'A test', read: () => 7 }] })],
    })
    expect((await fetch(`${relay.url}healthz`)).status).toBe(200)
    const metrics = await (await fetch(`${relay.url}metrics`)).text()
    expect(metrics).toMatch(/^roomful_relay_reservations 0$/m)
    expect(metrics).toMatch(/^roomful_test 7$/m)
    expect(metrics).toMatch(/^libp2p_/m)
  })

  it('outlives whoever it refuses and who breaks off before it has heard why', async () => {
    const uncaught: unknown[] = []
    const onUncaught = (error: unknown): void => void uncaught.push(error)
    process.on('uncaughtException', onUncaught)
    try {
      const relay = await start({ limits: { connectionsPerAddress: 0 } })
      for (let i = 0; i < 20; i++) {
        const socket = connect(relay.port, '127.0.0.1')
        const closed = new Promise((resolve) => socket.once('close', resolve))
        await new Promise((resolve) => socket.once('connect', resolve))
        const head = 'GET / HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
        await new Promise((resolve) => socket.write(head, resolve))
        socket.resetAndDestroy()
        await closed
      }
      const metrics = await (await fetch(`${relay.url}metrics`)).text()
      expect(metrics).toMatch(/^roomful_relay_sockets_refused [1-9]/m)
      expect(uncaught).toEqual([])
    } finally {
      process.off('uncaughtException', onUncaught)
    }
  })

  it('keeps its address over a restart, and its key from others', async () => {
    const first = await start()
    await first.stop()
    const second = await start({ port: first.port })
    expect(second.multiaddr).toBe(first.multiaddr)
    expect((await stat(join(directory, 'data', 'peer.key'))).mode & 0o077).toBe(0)
  })

  it('speaks HTTPS with a certificate of its own making, and keeps it', async () => {
    const tls = await selfSignedTls(join(directory, 'data'), ['localhost', '127.0.0.1'])
    expect(await selfSignedTls(join(directory, 'data'), ['127.0.0.1'])).toEqual(tls)
    expect((await selfSignedTls(join(directory, 'data'), ['10.0.0.9'])).cert).not.toBe(tls.cert)
    const relay = await start({ tls })
    expect(relay.multiaddr).toContain('/tls/ws/')
    const status = await new Promise((resolve, reject) => {
      get(`${relay.url}healthz`, { ca: tls.cert }, ({ statusCode }) => resolve(statusCode)).on('error', reject)
    })
    expect(status).toBe(200)
  })

  it('refuses a port that is taken, a key that is none and a certificate that is not there, in words', async () => {
    const { port } = await start()
    await expect(createRelay({ port, dataDir: join(directory, 'other') })).rejects.toThrow(/in use.*--port/)
    await mkdir(join(directory, 'broken'))
    await writeFile(join(directory, 'broken', 'peer.key'), 'not a key')
    await expect(createRelay({ port: 0, dataDir: join(directory, 'broken') })).rejects.toThrow(RelayConfigError)
    await expect(readTls('/nowhere/cert.pem', '/nowhere/key.pem')).rejects.toThrow(/cannot read \/nowhere/)
    expect(await readFile(join(directory, 'broken', 'peer.key'), 'utf8')).toBe('not a key')
  })

  it('refuses WebSockets above its limits in words', async () => {
    const relay = await start({ limits: { connectionsPerAddress: 1 } })
    const open = new WebSocket(relay.url.replace('http', 'ws'))
    await new Promise((resolve) => open.addEventListener('open', resolve))
    const refused = new WebSocket(relay.url.replace('http', 'ws'))
    await new Promise((resolve) => refused.addEventListener('error', resolve))
    expect(await (await fetch(`${relay.url}metrics`)).text()).toMatch(/^roomful_relay_sockets_refused 1$/m)
    open.close()
  })
})

describe('the gatekeeper', () => {
  const limits = { ...DEFAULT_LIMITS, connections: 4, connectionsPerAddress: 2, connectionRatePerAddress: 1 }

  it('limits connections in all, from one address, and in a second', () => {
    let now = 0
    const keeper = new Gatekeeper(limits, () => now)
    expect([keeper.admit('a'), keeper.admit('a')]).toEqual([null, null])
    expect(keeper.admit('a')).toMatch(/a has 2 connections open/)
    keeper.release('a')
    expect([keeper.admit('a'), keeper.admit('b'), keeper.admit('b')]).toEqual([null, null, null])
    expect(keeper.admit('c')).toMatch(/full/)
    keeper.release('a')
    expect(keeper.admit('a')).toBeNull()
    keeper.release('a')
    // Four in a burst are used up; a second gives one back.
    expect(keeper.admit('a')).toMatch(/more than 1 times a second/)
    now = 1_000
    expect(keeper.admit('a')).toBeNull()
    expect(keeper.open).toBe(4)
  })
})

describe('the relay’s command line', () => {
  it('has defaults for everything', () => {
    expect(parseRelayOptions([])).toMatchObject({
      port: 8080,
      host: '0.0.0.0',
      dataDir: '.roomful',
      staticDir: 'dist',
      archive: true,
      tls: { kind: 'none' },
    })
  })

  it.each([
    [['--port', 'x'], /--port is 'x': expected a whole number from 0 to 65535/],
    [['--port', '70000'], /70000/],
    [['--nonsense'], /--nonsense/],
    [['extra'], /extra/],
    [['--tls-cert', 'c.pem'], /--tls-key/],
    [['--tls-cert', 'c', '--tls-key', 'k', '--tls-self'], /one of them/],
    [['--ice', 'http://x'], /--ice expects/],
    [['--ice', 'turn:host:3478'], /needs USER:PASSWORD/],
    [['--reservations', '0'], /--reservations/],
  ])('refuses %j in one line', (args, message) => {
    expect(() => parseRelayOptions(args)).toThrow(message)
    expect(() => parseRelayOptions(args)).toThrow(RelayConfigError)
    try {
      parseRelayOptions(args)
    } catch (error) {
      expect(String(error)).not.toContain('\n')
    }
  })

  it('reads STUN and TURN servers', () => {
    expect(parseRelayOptions(['--ice', 'stun:s:1', '--ice', 'turn:u:p@h:2?transport=tcp']).ice).toEqual([
      { urls: 'stun:s:1' },
      { urls: 'turn:h:2?transport=tcp', username: 'u', credential: 'p' },
    ])
  })
})
