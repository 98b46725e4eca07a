import type { Unsubscribe } from '../room/ports.ts'
import type { JobOutput } from './api.ts'

/** The output as it stands, and again after each change, until all of it is verified. Throws when `signal` aborts. */
export async function* watchOutput(
  look: () => Promise<JobOutput>,
  onChange: (handler: () => void) => Unsubscribe,
  signal?: AbortSignal,
): AsyncIterable<JobOutput> {
  for (;;) {
    signal?.throwIfAborted()
    const changed = new Promise<void>((resolve) => {
      const end = onChange(() => {
        end()
        resolve()
      })
      signal?.addEventListener('abort', () => resolve(), { once: true })
    })
    const output = await look()
    yield output
    if (output.verified) return
    await changed
  }
}
