import type { KernelInput } from '../../domain/kernel.ts'
import type { SubmitRequest } from '../../node/api.ts'
import { PhotoField } from './photo-field.tsx'
import { RawField } from './raw-field.tsx'

interface Props {
  input: Extract<KernelInput, { kind: 'stream' }>
  onChange: (input: SubmitRequest['input']) => void
}

/** The field for a kernel's input: a photo where it takes an image of RGBA words, a file of items otherwise. */
export function InputField({ input, onChange }: Props) {
  return input.shape === 'image' && input.bytesPerItem === 4 ? (
    <PhotoField onChange={onChange} />
  ) : (
    <RawField input={input} onChange={onChange} />
  )
}
