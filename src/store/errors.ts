/** A record that this node may not write, or that a replica does not believe. */
export class RecordRefusedError extends Error {
  override readonly name = 'RecordRefusedError'
}

/** The browser or the disk did not keep what was written: full, evicted or damaged. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
}

/** A peer broke the rules of the exchange of records. */
export class ExchangeError extends Error {
  override readonly name: string = 'ExchangeError'
}

/** A block that is too large, or bytes that are not those of their address. */
export class BlockError extends Error {
  override readonly name = 'BlockError'
}

/** Somebody does not speak the exchange as it is spoken, and no difference of clocks or versions explains it. */
export class ProtocolError extends ExchangeError {
  override readonly name = 'ProtocolError'
}
