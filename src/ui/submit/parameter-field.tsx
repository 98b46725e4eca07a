import { Select, Textarea, TextInput } from '@mantine/core'
import type { Parameter } from '../../domain/kernel.ts'
import { sentence } from '../view/format.ts'
import { rangeText } from './form.ts'

interface Props {
  parameter: Parameter
  text: string
  error: string | undefined
  onChange: (text: string) => void
}

/** One field of a kernel's form. Numbers are text fields, so that what is wrong can be said instead of swallowed. */
export function ParameterField({ parameter, text, error, onChange }: Props) {
  const description = [parameter.help, sentence(rangeText(parameter))].filter(Boolean).join(' ')
  const common = { label: parameter.label, name: parameter.name, error }
  if (parameter.choices !== undefined) {
    const data = Object.entries(parameter.choices).map(([label, value]) => ({ label, value: String(value) }))
    return (
      <Select
        {...common}
        description={parameter.help}
        data={data}
        value={text}
        allowDeselect={false}
        onChange={(value) => value !== null && onChange(value)}
      />
    )
  }
  if (parameter.length !== undefined) {
    return (
      <Textarea
        {...common}
        description={description}
        autosize
        minRows={2}
        maxRows={8}
        value={text}
        styles={{ input: { fontFamily: 'monospace' } }}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    )
  }
  return (
    <TextInput
      {...common}
      description={description}
      inputMode={parameter.type === 'u32' ? 'numeric' : 'text'}
      autoComplete="off"
      value={text}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}
