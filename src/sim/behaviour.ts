/** How a node departs from the protocol. Plain data, so that a scenario can be printed. */
export interface Behaviour {
  /** ms a chunk takes. */
  paceMs: number
  slots: number
  /** Share of chunks it answers wrongly, 0 to 1. */
  lies: number
  /** Liars of one name give the same wrong answers; empty: its own. */
  accomplice: string
  /** As verifier and arbiter it says what it would have computed itself, lies included. */
  liesAsVerifier: boolean
  /** Asks for chunks and never answers; it says that it is still at it. */
  hoards: boolean
  /** Does not say what it has in hand, nor how far its checks are. */
  hidesHand: boolean
  /** Never reveals its secret. */
  withholdsReveal: boolean
  /** Forgets at once what it said, and so never signs for its results. */
  disowns: boolean
  /** Never reports as verifier, nor answers as arbiter; unless it hides its hand it tells how far it is. */
  withholdsReport: boolean
  /** As host it grants nothing. */
  withholdsGrants: boolean
  /** Says now and then that it is host of rooms it has never joined. */
  forgesHost: boolean
  /** Sends messages that no state of the protocol would send. */
  babbles: boolean
}

export const HONEST: Behaviour = {
  paceMs: 400,
  slots: 1,
  lies: 0,
  accomplice: '',
  liesAsVerifier: false,
  hoards: false,
  hidesHand: false,
  withholdsReveal: false,
  disowns: false,
  withholdsReport: false,
  withholdsGrants: false,
  forgesHost: false,
  babbles: false,
}

/** Nothing but its pace and slots differs from the protocol. */
export function isHonest(behaviour: Behaviour): boolean {
  const { paceMs, slots } = behaviour
  const plain: Behaviour = { ...HONEST, paceMs, slots }
  return (Object.keys(plain) as (keyof Behaviour)[]).every((key) => plain[key] === behaviour[key])
}
