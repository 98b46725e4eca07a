/** A relay that cannot start as it was told to: says which option, which value, and what to do. */
export class RelayConfigError extends Error {
  override readonly name = 'RelayConfigError'
}
