import { Code, Text } from '@mantine/core'
import type { JobOutput } from '../../node/api.ts'
import { bytes } from '../view/format.ts'
import { hexLines } from './elements.ts'

const LINES = 32

/** The beginning of the output, byte by byte. */
export function BytesView({ output }: { output: JobOutput }) {
  const text = hexLines(output.output, LINES)
    .map((line) => `${line.offset}  ${line.digits}`)
    .join('\n')
  return (
    <div>
      <Code block tabIndex={0} aria-label="The first bytes of the output">
        {text}
      </Code>
      <Text size="sm" c="dimmed" mt={4}>
        The first of {bytes(output.output.length)}.
      </Text>
    </div>
  )
}
