import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Started {
  ready: true
  damaged: number
  titles: string[]
}

export interface KillResult {
  kills: number
  /** Records acknowledged before the kills, and those of them that were gone afterwards. */
  acknowledged: number
  lost: number
  /** Times the archive did not start again. */
  failedStarts: number
  /** Damaged entries that the archive found on starting. */
  damaged: number
}

const LONGEST_MS = 300
const START_MS = 60_000

/** Runs the archive, kills it with SIGKILL while it writes, and gives what it had on starting and what it acknowledged. */
async function oneRound(directory: string, round: number, ms: number): Promise<{ started: Started | null; acknowledged: string[] }> {
  const child = fork(fileURLToPath(new URL('store-killed.ts', import.meta.url)), [directory, String(round)])
  const acknowledged: string[] = []
  let started: Started | null = null
  const kill = (): void => void child.kill('SIGKILL')
  const patience = setTimeout(kill, START_MS)
  child.on('message', (message: Started | { acknowledged: string }) => {
    if ('acknowledged' in message) acknowledged.push(message.acknowledged)
    else {
      started = message
      setTimeout(kill, ms)
    }
  })
  await new Promise((resolve) => child.on('close', resolve))
  clearTimeout(patience)
  return { started, acknowledged }
}

/** Kills the relay's archive at random moments of writing and looks whether anything it had acknowledged is gone. */
export async function killArchive(kills: number): Promise<KillResult> {
  const directory = await mkdtemp(join(tmpdir(), 'roomful-kill-'))
  const result: KillResult = { kills, acknowledged: 0, lost: 0, failedStarts: 0, damaged: 0 }
  const safe = new Set<string>()
  try {
    for (let round = 0; round <= kills; round++) {
      const { started, acknowledged } = await oneRound(directory, round, Math.random() * LONGEST_MS)
      if (started === null) result.failedStarts++
      else {
        const found = new Set(started.titles)
        result.lost += [...safe].filter((title) => !found.has(title)).length
        result.damaged += started.damaged
      }
      for (const title of acknowledged) safe.add(title)
    }
    result.acknowledged = safe.size
    return result
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const kills = Number(process.argv[2] ?? 200)
const outcome = await killArchive(kills)
console.log(process.argv.includes('--json') ? JSON.stringify(outcome) : outcome)
process.exit(outcome.lost + outcome.failedStarts === 0 ? 0 : 1)
