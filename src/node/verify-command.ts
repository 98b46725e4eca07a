import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { findingText, ProofFormatError } from '../domain/proof.ts'
import { verifyFiles } from './verify.ts'

const USAGE = 'npm run verify -- CERTIFICATES.json [--data OUTPUT.bin] [--quiet]'

/** A file or option that cannot be used: one line for the person who typed it. */
class UsageError extends Error {
  override readonly name = 'UsageError'
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch {
    throw new UsageError(`${path}: there is no such file, or it cannot be read. ${USAGE}`)
  }
}

function options(args: string[]): { file: string; data: string | undefined; quiet: boolean } {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { data: { type: 'string' }, quiet: { type: 'boolean', default: false } },
    })
    const [file, ...rest] = positionals
    if (file === undefined || rest.length > 0) throw new UsageError(`give one certificates file. ${USAGE}`)
    return { file, data: values.data, quiet: values.quiet }
  } catch (error) {
    throw error instanceof UsageError
      ? error
      : new UsageError(`${error instanceof Error ? error.message.split('\n')[0] : String(error)} ${USAGE}`)
  }
}

/** Says what holds and what does not. Exit 0: everything; 1: something does not; 2: not a proof at all. */
async function main(args: string[]): Promise<number> {
  const { file, data, quiet } = options(args)
  const { findings, certificates } = await verifyFiles(read(file).toString('utf8'), data === undefined ? null : new Uint8Array(read(data)))
  for (const finding of findings) {
    if (!finding.holds) console.log(`✗ ${findingText(finding)}`)
    else if (!quiet) console.log(`✓ ${findingText(finding)}`)
  }
  const failed = findings.filter(({ holds }) => !holds).length
  console.log(
    failed === 0
      ? `It holds: ${findings.length} checks, ${certificates} certificates.`
      : `It does NOT hold: ${failed} of ${findings.length} checks failed.`,
  )
  return failed === 0 ? 0 : 1
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const expected = error instanceof UsageError || error instanceof ProofFormatError
    console.error(expected ? `verify: ${error.message}` : error)
    process.exit(expected ? 2 : 1)
  },
)
