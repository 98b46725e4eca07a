import { parseArgs } from 'node:util'
import { Siege } from '../src/net/testing/siege.ts'

/**
 * Floods every protocol and topic of a running relay and two honest nodes with hostile messages, and looks whether honest
 * traffic still flows. `--count N` messages to each (100000), `--seed N`, `--only NAME`, `--json`. Exits 1 where something
 * was harmed.
 */

/** Heap that a flood may leave behind, MiB. */
const MAX_KEPT_MIB = 64

/** Caches that are kept for a time have been emptied after it, ms: gossipsub knows for two minutes what it has seen. */
const SETTLE_MS = { protocol: 15_000, topic: 135_000 }

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean' },
      count: { type: 'string', default: '100000' },
      seed: { type: 'string' },
      only: { type: 'string' },
    },
  })
  const seed = Number(values.seed ?? Date.now() % 2 ** 31)
  const say = (text: string): void => void (values.json === true || console.log(text))
  const faults: string[] = []
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) =>
      faults.push(`${event}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
    )
  }
  say(`seed ${seed}`)
  const siege = await Siege.open()
  const reports = []
  try {
    for (const target of siege.targets.filter((name) => values.only === undefined || name.includes(values.only))) {
      const settleMs = siege.isTopic(target) ? SETTLE_MS.topic : SETTLE_MS.protocol
      const report = await siege.attack(target, Number(values.count), seed, settleMs)
      await siege.honestTraffic()
      reports.push(report)
      say(
        `${target}: ${report.sent} messages in ${report.seconds} s, ${report.punished} of ${report.identities} identities punished, ${report.keptMiB} MiB kept`,
      )
      if (report.punished === 0) faults.push(`${target}: nobody was punished`)
      if (report.keptMiB > MAX_KEPT_MIB) faults.push(`${target}: ${report.keptMiB} MiB kept`)
    }
    if (siege.leaked.length > 0) faults.push(`${siege.leaked.length} hostile messages reached an honest node's rooms`)
  } finally {
    await siege.stop()
  }
  if (values.json === true) console.log(JSON.stringify({ seed, targets: reports, faults }))
  else for (const fault of faults) console.error(fault)
  process.exitCode = faults.length === 0 ? 0 : 1
}

await main()
