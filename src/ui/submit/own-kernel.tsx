import { Alert, Anchor, Stack, Textarea } from '@mantine/core'
import { useMemo, useState } from 'react'
import { builtInKernels } from '../../compute/kernels/index.ts'
import type { Kernel } from '../../domain/kernel.ts'
import { PageHead } from '../parts/page-head.tsx'
import { Section } from '../parts/section.tsx'
import { manifestText, readManifest } from './manifest-text.ts'
import { SubmitForm } from './submit-form.tsx'
import { useSourceFault } from './use-source-fault.ts'

/** A working kernel to start from, under a name of its own. */
function example(): { manifest: string; source: string } {
  const { manifest, source } = builtInKernels[0]!
  return { manifest: manifestText({ ...manifest, name: 'my-kernel', title: 'My kernel', description: '' }), source: source.trim() }
}

const CODE = { input: { fontFamily: 'ui-monospace, monospace', fontSize: 13 } }

/** An editor for a kernel of one's own: manifest and source, and the form that follows from them. */
export function OwnKernel() {
  const [initial] = useState(example)
  const [manifest, setManifest] = useState(initial.manifest)
  const [source, setSource] = useState(initial.source)
  const read = useMemo(() => readManifest(manifest), [manifest])
  const kernel = useMemo<Kernel | null>(() => ('manifest' in read ? { manifest: read.manifest, source } : null), [read, source])
  const fault = useSourceFault(kernel)
  return (
    <Stack gap="lg">
      <PageHead title="A kernel of your own">
        A kernel is the program that a job runs: one function in WGSL, the language of WebGPU. Tabs run it whose owners allow kernels that
        are not built in. Start from this one, and see{' '}
        <Anchor href="/docs/kernels.html" target="_blank">
          what a kernel may contain
        </Anchor>
        . <Anchor href="#/submit">Choose a template instead</Anchor>
      </PageHead>
      <div className="columns">
        <Textarea
          label="Source (WGSL)"
          description="fn kernel(id: vec3<u32>) gives the value at its place."
          autosize
          minRows={12}
          maxRows={28}
          spellCheck={false}
          wrap="off"
          styles={CODE}
          error={fault === '' ? undefined : fault}
          value={source}
          onChange={(event) => setSource(event.currentTarget.value)}
        />
        <Textarea
          label="Manifest (JSON)"
          description="Parameters, input, output, and how results are compared."
          autosize
          minRows={12}
          maxRows={28}
          spellCheck={false}
          wrap="off"
          styles={CODE}
          error={'problem' in read ? read.problem : undefined}
          value={manifest}
          onChange={(event) => setManifest(event.currentTarget.value)}
        />
      </div>
      <Section title="Run it">
        {kernel === null ? (
          <Alert variant="light" color="orange">
            The form appears once the manifest is right.
          </Alert>
        ) : (
          // Another manifest has other fields; the text in them begins anew.
          <SubmitForm key={manifest} kernel={kernel} untried />
        )}
      </Section>
    </Stack>
  )
}
