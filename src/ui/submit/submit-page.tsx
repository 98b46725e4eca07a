import { Alert, Anchor, Stack } from '@mantine/core'
import { builtInKernels } from '../../compute/kernels/index.ts'
import { PageHead } from '../parts/page-head.tsx'
import { formatRoute } from '../state/route.ts'
import { useUi } from '../state/ui.ts'
import { Gallery } from './gallery.tsx'
import { OwnKernel } from './own-kernel.tsx'
import { SubmitForm } from './submit-form.tsx'

/** The segment of the address under which the editor is found. */
const OWN = 'own'

/** Choose a template, fill in its form, see what it would cost, submit. */
export function SubmitPage() {
  const route = useUi((state) => state.route)
  const name = route.place === 'submit' ? route.kernel : null
  if (name === OWN) return <OwnKernel />
  const kernel = builtInKernels.find((candidate) => candidate.manifest.name === name)
  if (kernel !== undefined) {
    return (
      <Stack gap="lg">
        <PageHead title={kernel.manifest.title}>
          {kernel.manifest.description} <Anchor href="#/submit">Choose another template</Anchor>
        </PageHead>
        <SubmitForm key={kernel.manifest.name} kernel={kernel} />
      </Stack>
    )
  }
  return (
    <Stack gap="lg">
      <PageHead title="Submit">Choose what a room of tabs shall compute for you. You see the cost before anything is sent.</PageHead>
      {name !== null && (
        <Alert color="orange" variant="light" role="alert" title="No such template">
          There is no built-in kernel called “{name}”. These are the ones there are.
        </Alert>
      )}
      <Gallery kernels={builtInKernels} />
      <div>
        <Anchor href={formatRoute({ place: 'submit', kernel: OWN })}>Write a kernel of your own</Anchor>
      </div>
    </Stack>
  )
}
