import { Alert, Button, FileButton, Group, Loader, Paper, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import type { DragEvent } from 'react'
import type { SubmitRequest } from '../../node/api.ts'
import { count } from '../view/format.ts'
import { decodePhoto } from './photo.ts'
import type { Photo } from './photo.ts'
import { PhotoPreview } from './photo-preview.tsx'
import { loadSample, SAMPLE_CREDIT } from './sample.ts'

/** A drop zone for a photo, with a real one in it from the start. */
export function PhotoField({ onChange }: { onChange: (input: SubmitRequest['input']) => void }) {
  const { photo, error, busy, take } = usePhoto(onChange)
  const [over, setOver] = useState(false)
  // A field that kept its file would not notice the same one chosen again.
  const forget = useRef<() => void>(null)
  const choose = (file: File | null) => {
    if (file !== null) take(() => Promise.resolve(file))
    forget.current?.()
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    const file = event.dataTransfer.files[0]
    if (file !== undefined) take(() => Promise.resolve(file))
  }
  return (
    <div>
      <Text size="sm" fw={500} mb={4} id="photo-label">
        Photo
      </Text>
      <Paper
        withBorder
        p="md"
        role="group"
        aria-labelledby="photo-label"
        className={over ? 'drop over' : 'drop'}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        {photo !== null && <PhotoPreview photo={photo} />}
        <Group gap="sm" justify="space-between">
          <Text size="sm" role="status" data-testid="photo-name">
            {busy ? (
              <Loader size="xs" role="img" aria-label="Reading the photo" />
            ) : photo === null ? (
              'Drop a photo here, or choose one.'
            ) : (
              `${photo.name}, ${count(photo.width)} × ${count(photo.height)} pixels`
            )}
          </Text>
          <Group gap="xs">
            <FileButton accept="image/*" onChange={choose} resetRef={forget} inputProps={{ 'aria-label': 'Photo file' }}>
              {(props) => (
                <Button {...props} variant="default" size="xs">
                  Choose a photo
                </Button>
              )}
            </FileButton>
            <Button variant="subtle" size="xs" onClick={() => take(loadSample)}>
              Use the sample
            </Button>
          </Group>
        </Group>
        {error !== '' && (
          <Alert color="red" variant="light" role="alert" mt="sm">
            {error}
          </Alert>
        )}
        <Text size="xs" c="dimmed" mt="xs">
          {SAMPLE_CREDIT}
        </Text>
      </Paper>
    </div>
  )
}

/** The photo in hand. While another is read none can be submitted; one that cannot be used leaves the one before in place. */
function usePhoto(onChange: (input: SubmitRequest['input']) => void) {
  const [photo, setPhoto] = useState<Photo | null>(null)
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(true)
  const latest = useRef(0)
  const take = (file: () => Promise<File>) => {
    const turn = ++latest.current
    setBusy(true)
    setError('')
    onChange(null)
    const settle = (next: Photo | null, problem: string) => {
      if (turn !== latest.current) return
      setPhoto(next)
      setError(problem)
      setBusy(false)
      onChange(next)
    }
    file()
      .then(decodePhoto)
      .then(
        (next) => settle(next, ''),
        (cause: unknown) => settle(photo, cause instanceof Error ? cause.message : String(cause)),
      )
  }
  // Only the form that shows this field is new when this runs; its callback does not change.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  useEffect(() => take(loadSample), [])
  return { photo, error, busy, take }
}
