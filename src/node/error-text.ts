/** What is wrong, in words, whatever was thrown. */
export function errorText(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** For a person whose tab was convicted. */
export const CONVICTED =
  'Others have proven that this tab gave a wrong answer, and no room admits it any longer. Its device or engine may be faulty: try another engine, under a new key.'
