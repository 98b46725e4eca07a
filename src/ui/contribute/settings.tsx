import { NumberInput, SegmentedControl, Slider, Stack, Switch, Text } from '@mantine/core'
import { useId } from 'react'
import type { ContributionSettings, EnginePreference } from '../../node/api.ts'
import { Section } from '../parts/section.tsx'
import { browserStore, saveSettings } from '../state/settings.ts'
import { act, useSnapshot } from '../state/ui.ts'

const ENGINES: { value: EnginePreference; label: string }[] = [
  { value: 'auto', label: 'Automatic' },
  { value: 'webgpu', label: 'GPU' },
  { value: 'cpu', label: 'CPU' },
]

/** Changes take effect at once and are remembered on this device. */
function change(settings: Partial<ContributionSettings>): void {
  act('The setting could not be changed', async (node) => {
    await node.configure(settings)
    saveSettings(browserStore(window), settings)
  })
}

/** The limits that a contributor sets. */
export function Settings() {
  const settings = useSnapshot<ContributionSettings | null>((snapshot) => snapshot.contribution.settings, null)
  const engineLabel = useId()
  if (settings === null) return null
  return (
    <Section title="Your limits">
      <Stack gap="md">
        <div>
          <Text size="sm" fw={500} id={engineLabel} mb={4}>
            Engine
          </Text>
          <SegmentedControl
            fullWidth
            aria-labelledby={engineLabel}
            data={ENGINES}
            value={settings.engine}
            onChange={(engine) => change({ engine: engine as EnginePreference })}
          />
        </div>
        <NumberInput
          label="Workers on the CPU"
          description={`This device has ${navigator.hardwareConcurrency} cores. One fewer keeps it responsive.`}
          min={1}
          max={Math.max(1, navigator.hardwareConcurrency)}
          clampBehavior="strict"
          value={settings.workers}
          onChange={(workers) => typeof workers === 'number' && change({ workers })}
        />
        <DutyCycle value={settings.dutyCycle} />
        <Switches settings={settings} />
      </Stack>
    </Section>
  )
}

function DutyCycle({ value }: { value: number }) {
  const label = useId()
  return (
    <div>
      <Text size="sm" fw={500} id={label}>
        Share of the time spent computing
      </Text>
      <Slider
        key={value}
        min={10}
        max={100}
        step={10}
        thumbSize={24}
        defaultValue={value}
        onChangeEnd={(dutyCycle) => change({ dutyCycle })}
        label={(share) => `${share}%`}
        thumbProps={{ 'aria-labelledby': label }}
        marks={[
          { value: 10, label: '10%' },
          { value: 50, label: '50%' },
          { value: 100, label: '100%' },
        ]}
        mb="lg"
        mt={6}
        mx="md"
      />
    </div>
  )
}

function Switches({ settings }: { settings: ContributionSettings }) {
  const toggle = (name: 'pauseOnBattery' | 'pauseOnMetered' | 'onlyWhenIdle' | 'allowCustomKernels') => ({
    checked: settings[name],
    onChange: (event: { currentTarget: { checked: boolean } }) => change({ [name]: event.currentTarget.checked }),
  })
  return (
    <>
      <Switch label="Pause on battery" {...toggle('pauseOnBattery')} />
      <Switch label="Pause on a metered network" {...toggle('pauseOnMetered')} />
      <Switch label="Only when this device is idle" {...toggle('onlyWhenIdle')} />
      <Switch
        label="Also run kernels that are not built in"
        description="A kernel is the program that a job runs. Those that strangers wrote are locked in all the same, and each job shows its source on its results page."
        {...toggle('allowCustomKernels')}
      />
    </>
  )
}
