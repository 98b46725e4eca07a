import { Code, Text } from '@mantine/core'
import { memo } from 'react'
import type { Job } from '../../domain/job.ts'
import type { Kernel, ParameterValue } from '../../domain/kernel.ts'

/** What this job runs on other people's machines: readable before anybody agrees to it. */
export const Source = memo(function Source({ job, kernel }: { job: Job; kernel: Kernel }) {
  return (
    <details className="source">
      <summary>Parameters and source of the kernel {kernel.manifest.name}</summary>
      <dl className="parameters">
        {Object.entries(job.parameters).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{show(value)}</dd>
          </div>
        ))}
      </dl>
      <Text size="sm" c="dimmed" mb="xs" className="wrap-anywhere">
        Version {kernel.manifest.version}, licence {kernel.manifest.licence}, content address {job.kernel}
      </Text>
      <Code block tabIndex={0} aria-label="Source of the kernel">
        {kernel.source}
      </Code>
    </details>
  )
})

function show(value: ParameterValue): string {
  return Array.isArray(value) ? value.join(' ') : String(value)
}
