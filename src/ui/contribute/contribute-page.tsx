import { Anchor, Stack } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { PageHead } from '../parts/page-head.tsx'
import { useSnapshot, useUi } from '../state/ui.ts'
import { InvitedJob } from './invited-job.tsx'
import { Preflight } from './preflight.tsx'
import { Running } from './running.tsx'
import { Settings } from './settings.tsx'
import { StartPanel } from './start-panel.tsx'

/** Lend this tab: what it can do, one button, and then what it does. */
export function ContributePage() {
  const route = useUi((state) => state.route)
  const job = route.place === 'contribute' ? route.job : null
  const off = useSnapshot((snapshot) => snapshot.contribution.state === 'off', true)
  const panel = useRef<HTMLDivElement>(null)
  const shown = useRef(off)
  useEffect(() => {
    // The button that was pressed is gone: whoever works by keyboard goes on from what replaced it.
    if (shown.current !== off && document.activeElement === document.body) panel.current?.focus({ preventScroll: true })
    shown.current = off
  }, [off])
  return (
    <Stack gap="lg">
      <PageHead title="Contribute">
        Roomful is a roomful of browser tabs that compute together. Lend this tab’s processor or GPU: it computes pieces of jobs that
        strangers submitted, checks what other tabs computed, and stops when you say so. Or <Anchor href="#/submit">submit a job</Anchor> of
        your own.
      </PageHead>
      {job !== null && <InvitedJob job={job} />}
      <div ref={panel} role="group" tabIndex={-1} aria-label="What this tab does">
        {off ? <StartPanel job={job} /> : <Running />}
      </div>
      <div className="columns">
        <Settings />
        <Preflight />
      </div>
    </Stack>
  )
}
