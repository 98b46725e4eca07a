/** A call that the transport cannot carry out in the state that it is in. The caller is at fault. */
export class TransportStateError extends Error {
  override readonly name = 'TransportStateError'
}

/** A message above the size that a wire carries: send it as a block and name it by its content address. */
export class MessageTooLargeError extends Error {
  override readonly name = 'MessageTooLargeError'
}

/** Bytes from a peer that are no frame of this protocol. The peer is at fault; its stream is closed. */
export class MalformedFrameError extends Error {
  override readonly name = 'MalformedFrameError'
}
