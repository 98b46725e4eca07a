import { useEffect, useState } from 'react'
import type { JobOutput } from '../../node/api.ts'
import { useUi } from '../state/ui.ts'

/** Least time between two states of an output that are shown, ms. */
const REST_MS = 250
/** Time after which an output that could not be read is tried again, ms. */
const RETRY_MS = 2000

/**
 * The output of a job as it stands, for as long as the component is shown. Once all of it is verified it is looked at again
 * only when `certified` changes: rooms that were at work when a search ended certify a little later.
 */
export function useOutput(job: string | null, certified: number): { output: JobOutput | null; error: string } {
  const node = useUi((state) => state.node)
  const [result, setResult] = useState<{ output: JobOutput | null; error: string }>({ output: null, error: '' })
  useEffect(() => {
    if (node === null || job === null) return
    const gone = new AbortController()
    const follow = async () => {
      for await (const output of node.watch(job, gone.signal)) {
        if (gone.signal.aborted) return
        setResult({ output, error: '' })
        await pause(REST_MS)
      }
    }
    const keepFollowing = async () => {
      while (!gone.signal.aborted) {
        try {
          return await follow()
        } catch (cause) {
          if (gone.signal.aborted) return
          setResult((before) => ({ ...before, error: cause instanceof Error ? cause.message : String(cause) }))
          await pause(RETRY_MS)
        }
      }
    }
    void keepFollowing()
    return () => gone.abort()
    // What is watched has ended when a search has: it is looked at again for its last certificates.
    // eslint-disable-next-line react/exhaustive-effect-dependencies
  }, [node, job, certified])
  return result
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
