import { Alert, Button, FileButton, Group, NumberInput, Paper, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import type { KernelInput } from '../../domain/kernel.ts'
import type { SubmitRequest } from '../../node/api.ts'
import { count } from '../view/format.ts'
import { rawInput, sampleItems } from './raw-input.ts'

interface Props {
  input: Extract<KernelInput, { kind: 'stream' }>
  onChange: (input: SubmitRequest['input']) => void
}

const SAMPLE_NAME = 'a sample made here'

/** A file of items, row after row, and how many make a row. A matrix kernel begins with a sample. */
export function RawField({ input, onChange }: Props) {
  const [file, setFile] = useState(() => ({ name: SAMPLE_NAME, bytes: sampleItems(256) }))
  const [width, setWidth] = useState<number | string>(256)
  const result = rawInput(file.name, file.bytes, Number(width), input.bytesPerItem)
  const problem = 'problem' in result ? result.problem : ''
  useEffect(() => {
    const made = rawInput(file.name, file.bytes, Number(width), input.bytesPerItem)
    onChange('problem' in made ? null : made)
  }, [file, width, input.bytesPerItem, onChange])
  // A field that kept its file would not notice the same one chosen again.
  const forget = useRef<() => void>(null)
  const take = (chosen: File | null) => {
    forget.current?.()
    if (chosen === null) return
    chosen.arrayBuffer().then(
      (buffer) => setFile({ name: chosen.name, bytes: new Uint8Array(buffer) }),
      () => setFile({ name: chosen.name, bytes: new Uint8Array(0) }),
    )
  }
  return (
    <Paper withBorder p="md" role="group" aria-label="Input">
      <Group justify="space-between">
        <Text size="sm" role="status">
          {file.name}, {count(file.bytes.length / input.bytesPerItem)} items of {input.bytesPerItem} bytes
        </Text>
        <FileButton onChange={take} resetRef={forget} inputProps={{ 'aria-label': 'Input file' }}>
          {(props) => (
            <Button {...props} variant="default" size="xs">
              Choose a file
            </Button>
          )}
        </FileButton>
      </Group>
      <NumberInput label="Items in a row" min={1} value={width} onChange={setWidth} mt="sm" />
      {input.shape === 'matrix' && (
        <Text size="xs" c="dimmed" mt={4}>
          Two matrices of equal shape, one below the other.
        </Text>
      )}
      {problem !== '' && (
        <Alert color="red" variant="light" role="alert" mt="sm">
          {problem}
        </Alert>
      )}
    </Paper>
  )
}
