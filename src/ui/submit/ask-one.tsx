import { Button, Code, Group, Paper, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { CHUNK_OUTPUT_BYTES } from '../../domain/plan.ts'
import { excessForOne } from '../../node/single-request.ts'
import type { Excess } from '../../node/single-request.ts'
import type { RequestAnswer, SubmitPreview, WorkDescription } from '../../node/api.ts'
import { PeerName } from '../parts/peer-name.tsx'
import { save, sha256 } from '../results/files.ts'
import { act } from '../state/ui.ts'
import { bytes, count, fileName } from '../view/format.ts'

interface Answered extends RequestAnswer {
  title: string
  hash: string
}

/** A single work request: one small piece of work for one node, at once, without a room and without a check. */
export function AskOne({ work, preview }: { work: WorkDescription | null; preview: SubmitPreview | null }) {
  const [answered, setAnswered] = useState<Answered | null>(null)
  const [asking, setAsking] = useState<AbortController | null>(null)
  const latest = useRef<AbortController | null>(null)
  useEffect(() => () => latest.current?.abort(), [])
  const excess = work === null || preview === null ? null : excessForOne(work.kernel.manifest, preview.space, preview.inputBytes)
  const ask = () => {
    if (work === null) return
    const abort = new AbortController()
    latest.current = abort
    setAsking(abort)
    setAnswered(null)
    act('No node could do it', (node) =>
      node
        .request(work, { signal: abort.signal })
        .then(async (answer) => setAnswered({ ...answer, title: work.title, hash: await sha256(answer.output) }))
        .catch((cause: unknown) => {
          if (!abort.signal.aborted) throw cause
        })
        .finally(() => setAsking(null)),
    )
  }
  return (
    <Paper withBorder p="md">
      <Group gap="xs">
        <Button variant="default" loading={asking !== null} disabled={work === null || excess !== null} onClick={ask}>
          Ask one node
        </Button>
        {asking !== null && (
          <Button variant="subtle" onClick={() => asking.abort()}>
            Cancel
          </Button>
        )}
      </Group>
      <Text size="sm" c="dimmed" mt="sm">
        A single work request: for up to {bytes(CHUNK_OUTPUT_BYTES)} of output the least loaded node answers at once. Nobody checks what it
        says.
        {excess !== null &&
          ` This has ${amount(excess, excess.has)}, more than the ${amount(excess, excess.most)} that one node is asked for: submit it as a job, or ask for less.`}
      </Text>
      {answered !== null && (
        <Text size="sm" mt="sm" role="status" data-testid="answer" className="wrap-anywhere">
          {bytes(answered.output.length)} from <PeerName peer={answered.worker} />, not verified. SHA-256{' '}
          <Code data-testid="answer-sha256">{answered.hash}</Code>{' '}
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => save(fileName(answered.title, '.bin'), 'application/octet-stream', new Uint8Array(answered.output))}
          >
            Download answer
          </Button>
        </Text>
      )}
    </Paper>
  )
}

/** "6.1 MiB of output", "2,000,000 items". */
function amount({ of }: Excess, value: number): string {
  return of === 'items' ? `${count(value)} items` : `${bytes(value)} of ${of === 'bytes of input' ? 'input' : 'output'}`
}
