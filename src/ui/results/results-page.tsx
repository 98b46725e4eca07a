import { useUi } from '../state/ui.ts'
import { JobList } from './job-list.tsx'
import { JobPage } from './job-page.tsx'

/** All jobs, or one. */
export function ResultsPage() {
  const route = useUi((state) => state.route)
  const job = route.place === 'results' ? route.job : null
  return job === null ? <JobList /> : <JobPage key={job} job={job} />
}
