import { Anchor, Button, Group, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { proofJson } from '../../domain/proof.ts'
import type { JobOutput } from '../../node/api.ts'
import { CHECK, formatRoute } from '../state/route.ts'
import { notify } from '../state/store.ts'
import { ui } from '../state/ui.ts'
import { count, fileName, plural } from '../view/format.ts'
import { encodePng, save, sha256 } from './files.ts'
import { isDrawable } from './tiles.ts'

interface Props {
  output: JobOutput
  title: string
  /** Nothing more will come: what there is may be taken as it is. */
  cancelled: boolean
}

/** The result as files, and the hash of the whole of it. */
export function Downloads({ output, title, cancelled }: Props) {
  const [busy, setBusy] = useState(false)
  const [width, height] = output.job.space
  const there = output.chunkStates.filter((state) => state !== 'missing').length
  const partly = cancelled && !output.complete && there > 0
  const ready = output.complete || partly
  const nameOf = (suffix: string): string => fileName(title, partly ? `.partial${suffix}` : suffix)
  const png = () => {
    setBusy(true)
    encodePng(output.output, width, height)
      .then((bytes) => save(nameOf('.png'), 'image/png', bytes))
      .catch((cause: unknown) => notify(ui, 'The PNG could not be made', cause))
      .finally(() => setBusy(false))
  }
  return (
    <div>
      <Group gap="sm">
        {isDrawable(output) && (
          <Button variant="default" size="sm" disabled={!ready} loading={busy} onClick={png}>
            Download PNG
          </Button>
        )}
        <Button
          variant="default"
          size="sm"
          disabled={!ready}
          onClick={() => save(nameOf('.bin'), 'application/octet-stream', output.output)}
        >
          Download raw bytes
        </Button>
        <Button
          variant="default"
          size="sm"
          disabled={output.certificates.length === 0}
          onClick={() => save(fileName(title, '.certificates.json'), 'application/json', proofJson(output))}
        >
          Download certificates
        </Button>
      </Group>
      {!output.complete && (
        <Text size="xs" c="dimmed" mt="xs">
          {partly
            ? `The job was cancelled with ${count(there)} of ${plural(output.chunkStates.length, 'chunk')} computed; the rest is zero in these files.`
            : cancelled
              ? 'The job was cancelled before anything of it was here.'
              : 'The result can be downloaded once all of it is computed.'}
        </Text>
      )}
      <Hash output={output} />
      {output.certificates.length > 0 && (
        <Text size="xs" c="dimmed" mt="xs">
          Anybody can check these files again, offline:{' '}
          <Anchor href={formatRoute({ place: 'results', job: CHECK })}>Check a certificate</Anchor>.
        </Text>
      )}
    </div>
  )
}

function Hash({ output }: { output: JobOutput }) {
  const [hash, setHash] = useState('')
  const { complete, output: bytes } = output
  useEffect(() => {
    if (!complete) return
    let shown = true
    sha256(bytes).then(
      (digits) => shown && setHash(digits),
      (cause: unknown) => notify(ui, 'The hash could not be computed', cause),
    )
    return () => {
      shown = false
    }
  }, [complete, bytes])
  if (hash === '' || !complete) return null
  return (
    <Text size="xs" c="dimmed" mt="xs" className="wrap-anywhere">
      SHA-256 of the output: <span data-testid="output-sha256">{hash}</span>
    </Text>
  )
}
