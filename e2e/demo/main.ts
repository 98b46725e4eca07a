import { builtInKernels } from '../../src/compute/kernels/index.ts'
import { findChromium } from '../fixtures/chromium.ts'
import { NoProgramError } from '../fixtures/find-program.ts'
import { parseOptions, UsageError, USAGE } from './options.ts'
import { runDemo } from './run.ts'

async function main(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(USAGE)
    return 0
  }
  const options = parseOptions(
    args,
    builtInKernels.map(({ manifest }) => manifest.name),
  )
  const report = await runDemo(options, findChromium())
  if (options.json) console.log(JSON.stringify(report))
  return report.verified ? 0 : 1
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const expected = error instanceof UsageError || error instanceof NoProgramError
    console.error(expected ? error.message : error)
    process.exit(expected ? 2 : 1)
  },
)
