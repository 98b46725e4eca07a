import { Button, Paper, Select, Stack, Text, TextInput } from '@mantine/core'
import { useMemo, useState } from 'react'
import type { FormEvent } from 'react'
import type { Kernel } from '../../domain/kernel.ts'
import { DEFAULT_DEADLINE_MS } from '../../domain/plan.ts'
import type { SubmitRequest } from '../../node/api.ts'
import { Section } from '../parts/section.tsx'
import { formatRoute } from '../state/route.ts'
import { act, go, refresh, useSnapshot } from '../state/ui.ts'
import { duration } from '../view/format.ts'
import { AskOne } from './ask-one.tsx'
import { Cost } from './cost.tsx'
import { epsilonHelp, epsilonLabel } from './epsilon.ts'
import { defaultText, formText, readForm } from './form.ts'
import type { FormText } from './form.ts'
import { InputField } from './input-field.tsx'
import { ParameterField } from './parameter-field.tsx'
import { presetsOf } from './presets.ts'
import { TrialPanel, useTrial } from './trial.tsx'
import type { Work } from './trial.tsx'
import { usePreview } from './use-preview.ts'

const EPSILONS = [0.05, 0.01, 0.001, 0.00001].map((epsilon) => ({ value: String(epsilon), label: epsilonLabel(epsilon) }))

const PATIENCES = [5_000, DEFAULT_DEADLINE_MS, 120_000, 600_000].map((ms) => ({ value: String(ms), label: duration(ms / 1000) }))

/** Longest title, in characters. */
const MAX_TITLE = 120

/** The form of one kernel: generated from its manifest, checked as it is typed. One that is untried must first run here. */
export function SubmitForm({ kernel, untried = false }: { kernel: Kernel; untried?: boolean }) {
  const { manifest } = kernel
  const [text, setText] = useState(() => defaultText(manifest))
  const presets = presetsOf(manifest.name)
  const [preset, setPreset] = useState<string | null>(presets[0]?.name ?? null)
  const [title, setTitle] = useState(manifest.title)
  const [epsilon, setEpsilon] = useState('0.01')
  const [patience, setPatience] = useState(String(DEFAULT_DEADLINE_MS))
  const [input, setInput] = useState<SubmitRequest['input']>(null)
  const [sending, setSending] = useState(false)
  const contributing = useSnapshot((snapshot) => snapshot.contribution.state !== 'off', false)
  const { values, errors } = useMemo(() => readForm(manifest, text), [manifest, text])
  const complete = Object.keys(errors).length === 0 && (manifest.input.kind === 'none' || input !== null)
  const work = useMemo<Work | null>(() => (complete ? { kernel, parameters: values, input } : null), [complete, kernel, values, input])
  const request = useMemo<SubmitRequest | null>(
    () =>
      work === null ? null : { ...work, title: title.trim() || manifest.title, epsilon: Number(epsilon), deadlineMs: Number(patience) },
    [work, title, manifest, epsilon, patience],
  )
  const cost = usePreview(request)
  const trial = useTrial(work)
  const sound = request !== null && cost.current && cost.error === ''
  const acceptable = sound && (!untried || trial.trial !== null)

  const change = (fields: FormText) => {
    setPreset(null)
    setText((before) => ({ ...before, ...fields }))
  }
  const choose = (name: string | null) => {
    const chosen = presets.find((candidate) => candidate.name === name)
    if (chosen === undefined) return
    change(formText(chosen.parameters))
    setPreset(chosen.name)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (request === null || !acceptable) return
    setSending(true)
    act('The job could not be submitted', (node) =>
      node
        .submit(request)
        .then((job) => {
          refresh()
          go(formatRoute({ place: 'results', job }))
        })
        .finally(() => setSending(false)),
    )
  }

  return (
    <form onSubmit={submit} noValidate className="columns" aria-label={`Submit ${manifest.title}`}>
      <Stack gap="md">
        <TextInput
          label="Title"
          description="Everybody who helps sees it."
          maxLength={MAX_TITLE}
          value={title}
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        {manifest.input.kind === 'stream' && <InputField input={manifest.input} onChange={setInput} />}
        {presets.length > 0 && (
          <Select
            label="Preset"
            placeholder="Your own"
            data={presets.map(({ name }) => name)}
            value={preset}
            allowDeselect={false}
            onChange={choose}
          />
        )}
        {manifest.parameters.map((parameter) => (
          <ParameterField
            key={parameter.name}
            parameter={parameter}
            text={text[parameter.name] ?? ''}
            error={errors[parameter.name]}
            onChange={(value) => change({ [parameter.name]: value })}
          />
        ))}
        <Select
          label="Chunks that may be wrong"
          description={epsilonHelp(Number(epsilon))}
          data={EPSILONS}
          value={epsilon}
          allowDeselect={false}
          onChange={(value) => value !== null && setEpsilon(value)}
        />
        <Select
          label="Patience with a silent tab"
          description="A tab that has never finished a chunk is put out after so long, and its chunk goes to another."
          data={PATIENCES}
          value={patience}
          allowDeselect={false}
          onChange={(value) => value !== null && setPatience(value)}
        />
      </Stack>
      <Section title="What it will take">
        <Cost preview={cost.preview} error={cost.error} waiting={request !== null} />
        <Paper withBorder p="md">
          {untried && <TrialPanel {...trial} ready={sound} />}
          <Button type="submit" fullWidth size="md" loading={sending} disabled={!acceptable}>
            Submit job
          </Button>
          <Text size="sm" c="dimmed" mt="sm">
            Its title, parameters and input become readable for everybody who helps.
            {!contributing &&
              ' This tab is not contributing: the job waits for other tabs, or for this one, which you can let help on the next page.'}
          </Text>
        </Paper>
        <AskOne work={sound ? request : null} preview={cost.preview} />
      </Section>
    </form>
  )
}
