import { Alert, Text } from '@mantine/core'
import type { SubmitPreview } from '../../node/api.ts'
import { Stat } from '../parts/stat.tsx'
import { bytes, count, duration } from '../view/format.ts'

/** The plan and its cost, or why there is none. */
export function Cost({ preview, error, waiting }: { preview: SubmitPreview | null; error: string; waiting: boolean }) {
  if (error !== '') {
    return (
      <Alert color="red" variant="light" role="alert" title="This cannot be submitted">
        {error}
      </Alert>
    )
  }
  if (preview === null) {
    return <Text c="dimmed">{waiting ? 'Being worked out…' : 'Appears here once every field is right.'}</Text>
  }
  return (
    <>
      <dl className="stats" aria-live="polite">
        <Stat name="Items">
          {preview.space
            .filter((axis, index) => index === 0 || axis > 1)
            .map(count)
            .join(' × ')}
        </Stat>
        <Stat name="Chunks" testId="preview-chunks">
          {count(preview.chunks)}
        </Stat>
        <Stat name="Microjobs">{count(preview.microjobs)}</Stat>
        <Stat name="Result">{bytes(preview.outputBytes)}</Stat>
        {preview.inputBytes > 0 && <Stat name="Input">{bytes(preview.inputBytes)}</Stat>}
        {preview.computeSeconds !== null && <Stat name="On one tab like this">{duration(preview.computeSeconds)}</Stat>}
      </dl>
      {preview.computeSeconds === null && (
        <Text size="sm" c="dimmed">
          How long a tab like this takes is known once it contributes; then the chunks are cut to its pace.
        </Text>
      )}
    </>
  )
}
