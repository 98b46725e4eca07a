import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fork } from 'node:child_process'
import { parseArgs } from 'node:util'
import type { ChildProcess } from 'node:child_process'

/**
 * How many clients one relay carries: plain libp2p nodes over WebSocket on loopback, reserved on one relay that runs in
 * a process of its own. `--json`: the last line on stdout is one JSON object. `--clients N` (1000).
 */

const HERE = dirname(fileURLToPath(import.meta.url))
/** Clients of one process; nodes are many, so processes are few. */
const PER_PROCESS = 250

interface Sample {
  rssMiB: number
  cpuSeconds: number
}

function start(file: string, env: Record<string, string>): ChildProcess {
  return fork(join(HERE, file), { env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

function message<T>(child: ChildProcess, type: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const onMessage = (value: { type: string }): void => {
      if (value.type !== type) return
      child.off('message', onMessage)
      resolve(value as T)
    }
    child.on('message', onMessage)
    child.once('exit', (code) => reject(new Error(`a process ended with code ${code} before it said '${type}'`)))
  })
}

async function sample(relay: ChildProcess): Promise<Sample> {
  const answer = message<Sample & { type: string }>(relay, 'sample')
  relay.send({ type: 'sample' })
  const { rssMiB, cpuSeconds } = await answer
  return { rssMiB, cpuSeconds }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN)
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'boolean' }, clients: { type: 'string', default: '1000' } } })
  const clients = Number(values.clients)
  const say = (text: string): void => void (values.json === true || console.log(text))
  const directory = await mkdtemp(join(tmpdir(), 'roomful-bench-relay-'))
  const children: ChildProcess[] = []
  try {
    const relay = start('relay-process.ts', { DATA: directory, RESERVATIONS: String(clients) })
    children.push(relay)
    const { multiaddr } = await message<{ type: string; multiaddr: string }>(relay, 'ready')
    const empty = await sample(relay)
    const started = performance.now()
    const times: number[] = []
    let retries = 0
    for (let first = 0; first < clients; first += PER_PROCESS) {
      const child = start('relay-clients.ts', { RELAY: multiaddr, COUNT: String(Math.min(PER_PROCESS, clients - first)) })
      children.push(child)
      const reserved = await message<{ type: string; times: number[]; retries: number }>(child, 'reserved')
      times.push(...reserved.times)
      retries += reserved.retries
      say(`${times.length} reserved after ${((performance.now() - started) / 1000).toFixed(1)} s`)
    }
    const seconds = (performance.now() - started) / 1000
    const full = await sample(relay)
    const refusing = start('relay-clients.ts', { RELAY: multiaddr, COUNT: '1', EXPECT_REFUSAL: '1' })
    children.push(refusing)
    const { reason } = await message<{ type: string; reason: string }>(refusing, 'refused')
    say(`number ${clients + 1} is refused: ${reason}`)
    const idle = await sample(relay)
    const idleSince = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 10_000))
    const later = await sample(relay)
    const idleCpu = (later.cpuSeconds - idle.cpuSeconds) / ((performance.now() - idleSince) / 1000)
    const report = {
      clients: times.length,
      retries,
      reserve: { p50: percentile(times, 0.5), p95: percentile(times, 0.95) },
      secondsForAll: Math.round(seconds * 10) / 10,
      memoryMiB: { empty: empty.rssMiB, full: full.rssMiB, perClientKiB: Math.round(((full.rssMiB - empty.rssMiB) / clients) * 1024) },
      cpu: {
        secondsToReserveAll: Math.round((full.cpuSeconds - empty.cpuSeconds) * 10) / 10,
        idleShareOfACore: Math.round(idleCpu * 1000) / 1000,
      },
      refusal: reason,
    }
    say(`time to reserve p50 ${report.reserve.p50} ms, p95 ${report.reserve.p95} ms`)
    say(
      `memory ${empty.rssMiB} → ${full.rssMiB} MiB, ${report.memoryMiB.perClientKiB} KiB a client; CPU ${report.cpu.secondsToReserveAll} s, then ${report.cpu.idleShareOfACore} of a core`,
    )
    if (values.json === true) console.log(JSON.stringify(report))
  } finally {
    for (const child of children) child.kill()
    await rm(directory, { recursive: true, force: true })
  }
}

await main()
