import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Files that benchmarks share, or that are this one. */
const NOT_BENCHMARKS = new Set(['main', 'report'])

const folder = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.includes('-'))
  .map((file) => file.slice(0, -3))
  .filter((name) => !NOT_BENCHMARKS.has(name))

const [name = '', ...args] = process.argv.slice(2)
if (!names.includes(name) || !existsSync(`${folder}${name}.ts`)) {
  console.error(`npm run bench -- NAME [--json]: there is no benchmark "${name}"; there are ${names.join(', ') || 'none'}`)
  process.exit(2)
}
process.exit(spawnSync(process.execPath, [`${folder}${name}.ts`, ...args], { stdio: 'inherit' }).status ?? 1)
