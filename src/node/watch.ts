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
    const { promise: changed, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    const end = onChange(wake)
    signal?.addEventListener('abort', wake, { once: true })
    try {
      const output = await look()
      yield output
      if (output.verified) return
      await changed
    } finally {
      end()
      signal?.removeEventListener('abort', wake)
    }
  }
}
