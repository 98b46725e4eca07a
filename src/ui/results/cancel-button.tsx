import { Button, Group, Modal, Text } from '@mantine/core'
import { useState } from 'react'
import { act } from '../state/ui.ts'

/** Takes a job back, after asking. */
export function CancelButton({ job }: { job: string }) {
  const [asking, setAsking] = useState(false)
  const cancel = () => {
    setAsking(false)
    act('The job could not be cancelled', (node) => node.cancel(job).then(showHead))
  }
  return (
    <div>
      <Button variant="subtle" color="red" size="sm" onClick={() => setAsking(true)}>
        Cancel this job
      </Button>
      <Modal opened={asking} onClose={() => setAsking(false)} title="Cancel this job?" closeButtonProps={{ 'aria-label': 'Close' }}>
        <Text size="sm">Nobody starts on it any more. What is already computed stays readable.</Text>
        <Group justify="end" mt="md">
          <Button variant="default" onClick={() => setAsking(false)}>
            Keep it
          </Button>
          <Button color="red" onClick={cancel}>
            Cancel the job
          </Button>
        </Group>
      </Modal>
    </div>
  )
}

/** The head of the page says that the job is cancelled, and this button is gone. */
function showHead(): void {
  window.scrollTo(0, 0)
  document.querySelector<HTMLElement>('.page-head h1')?.focus({ preventScroll: true })
}
