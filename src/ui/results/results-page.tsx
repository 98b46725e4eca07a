import { CHECK } from '../state/route.ts'
import { useUi } from '../state/ui.ts'
import { CheckPage } from './check-page.tsx'
import { JobList } from './job-list.tsx'
import { JobPage } from './job-page.tsx'

/** All jobs, or one, or the check of a certificates file. */
export function ResultsPage() {
  const route = useUi((state) => state.route)
  const job = route.place === 'results' ? route.job : null
  if (job === CHECK) return <CheckPage />
  return job === null ? <JobList /> : <JobPage key={job} job={job} />
}
