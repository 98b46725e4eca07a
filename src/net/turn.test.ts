import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createSocket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseIceServer } from '../../relay/ice.ts'
import { openTabBench, untilEvent } from './testing/tabs.ts'
import type { ChildProcess } from 'node:child_process'
import type { TabBench } from './testing/tabs.ts'

const TURNSERVER = '/usr/bin/turnserver'

/** A UDP port that is free now. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.bind(0, () => {
      const { port } = socket.address()
      socket.close(() => resolve(port))
    })
  })
}

// A machine without Debian's package `coturn` has no TURN server to test with.
describe.runIf(existsSync(TURNSERVER))('a TURN server', { timeout: 60_000 }, () => {
  let bench: TabBench
  let turn: ChildProcess
  let said = ''
  let server = ''
  beforeAll(async () => {
    const port = await freePort()
    const address =
      Object.values(networkInterfaces())
        .flatMap((all) => all ?? [])
        .find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1'
    server = `turn:roomful:test-only@${address}:${port}`
    turn = spawn(TURNSERVER, [
      '-n',
      '--verbose',
      '--log-file=stdout',
      '--lt-cred-mech',
      '--user=roomful:test-only',
      '--realm=roomful.test',
      `--listening-port=${port}`,
      `--listening-ip=${address}`,
      `--relay-ip=${address}`,
      '--no-tls',
      '--no-dtls',
      '--no-cli',
      '--min-port=50000',
      '--max-port=50100',
      '--allow-loopback-peers',
      '--pidfile=/dev/null',
    ])
    turn.stdout?.on('data', (text: Buffer) => {
      said += text.toString()
    })
    bench = await openTabBench()
  }, 60_000)
  afterAll(async () => {
    await bench.stop()
    turn.kill()
  }, 30_000)

  it('carries the link between two tabs when every direct path is forbidden', async () => {
    const init = { iceServers: [parseIceServer(server)], iceTransportPolicy: 'relay' as const }
    const tabs = [await bench.open(init), await bench.open(init)] as const
    const members = tabs.map(({ peer }) => peer)
    for (const { page } of tabs) await page.evaluate((peers) => globalThis.page.network?.transport.setMembers(peers), members)
    for (const tab of tabs) await untilEvent(tab, 'link live')
    await tabs[0].page.evaluate((peer) => globalThis.page.network?.transport.send(peer, new Uint8Array(256 * 1024).fill(5)), tabs[1].peer)
    await tabs[1].page.waitForFunction(() => globalThis.page.received.some(({ bytes, first }) => bytes === 256 * 1024 && first === 5))
    expect(said).toMatch(/ALLOCATE processed, success/)
  })

  it('that is not there leaves the room to the relay', async () => {
    const init = { iceServers: [parseIceServer('turn:roomful:wrong@127.0.0.1:9')], iceTransportPolicy: 'relay' as const }
    const tabs = [await bench.open(init), await bench.open(init)] as const
    const members = tabs.map(({ peer }) => peer)
    for (const { page } of tabs) await page.evaluate((peers) => globalThis.page.network?.transport.setMembers(peers), members)
    await tabs[0].page.evaluate((peer) => globalThis.page.network?.transport.send(peer, new Uint8Array(256 * 1024).fill(6)), tabs[1].peer)
    await tabs[1].page.waitForFunction(() => globalThis.page.received.some(({ bytes, first }) => bytes === 256 * 1024 && first === 6))
    expect(await tabs[0].page.evaluate(() => globalThis.page.network?.transport.stats()[0]?.link)).toBe('relayed')
  })
})
