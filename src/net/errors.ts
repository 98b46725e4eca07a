/** No open connection to a peer, and no way to make one. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

/** Configuration that cannot work: says which value, and what it should look like. */
export class NetworkConfigError extends Error {
  override readonly name = 'NetworkConfigError'
}
