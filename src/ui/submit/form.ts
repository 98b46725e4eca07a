import type { KernelManifest, Parameter, ParameterValue, ParameterValues } from '../../domain/kernel.ts'
import { completeParameters, ParameterError } from '../../domain/parameters.ts'
import { exact } from '../view/format.ts'

/** What stands in the fields of a form, by parameter name. */
export type FormText = Record<string, string>

/** The defaults of a kernel as they stand in its form. */
export function defaultText(manifest: Pick<KernelManifest, 'parameters'>): FormText {
  return formText(Object.fromEntries(manifest.parameters.map((parameter) => [parameter.name, parameter.default])))
}

/** Values as they stand in a form. */
export function formText(values: ParameterValues): FormText {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, textOf(value)]))
}

/** Values of a whole form, and what is wrong with each field that is not right, by parameter name. */
export function readForm(
  manifest: Pick<KernelManifest, 'name' | 'parameters'>,
  text: FormText,
): { values: ParameterValues; errors: Record<string, string> } {
  const values: ParameterValues = {}
  const errors: Record<string, string> = {}
  for (const parameter of manifest.parameters) {
    try {
      const value = valueOf(parameter, text[parameter.name] ?? '')
      completeParameters({ name: manifest.name, parameters: [parameter] }, { [parameter.name]: value })
      values[parameter.name] = value
    } catch (cause) {
      if (!(cause instanceof ParameterError)) throw cause
      errors[parameter.name] = cause.message
    }
  }
  return { values, errors }
}

/** "from 0 to 4,096 pixels", for the line under a field. */
export function rangeText(parameter: Parameter): string {
  const unit = parameter.unit ? ` ${parameter.unit}` : ''
  const range = `from ${exact(parameter.min)} to ${exact(parameter.max)}${unit}`
  return parameter.length === undefined ? range : `up to ${parameter.length} numbers, each ${range}; the rest are zero`
}

/** A fixed-point value stays text, because its digits are read exactly and a double would lose some. */
function valueOf(parameter: Parameter, text: string): ParameterValue {
  if (parameter.length !== undefined) {
    const parts = text.split(/[\s,;]+/).filter((part) => part !== '')
    const wrong = parts.find((part) => !Number.isFinite(Number(part)))
    if (wrong !== undefined) throw new ParameterError(parameter.name, wrong, `"${parameter.label}" takes numbers alone: ${wrong} is none`)
    const numbers = parts.map(Number)
    return [...numbers, ...zeros(parameter.length - numbers.length)]
  }
  if (parameter.type === 'fixed') return text.trim()
  // What is no number is refused as it was typed.
  return text.trim() === '' || !Number.isFinite(Number(text)) ? text.trim() : Number(text)
}

function textOf(value: ParameterValue): string {
  return Array.isArray(value) ? listText(value) : String(value)
}

/** A table that fills the first lines of a larger square is written line by line, without the zeros after it. */
function listText(values: number[]): string {
  const full = Math.sqrt(values.length)
  if (!Number.isInteger(full) || full % 2 === 0) return values.join(' ')
  let side = Math.min(3, full)
  while (side < full && values.slice(side * side).some((value) => value !== 0)) side += 2
  return Array.from({ length: side }, (_, line) => values.slice(line * side, (line + 1) * side).join(' ')).join('\n')
}

function zeros(length: number): number[] {
  return Array.from({ length: Math.max(0, length) }, () => 0)
}
