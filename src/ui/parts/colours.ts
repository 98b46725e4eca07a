import { ui } from '../state/ui.ts'
import { PeerColours } from '../view/peer-colours.ts'

let colours: PeerColours | null = null

/** The colour of a peer on every page. */
export function colourOf(peer: string): string {
  colours ??= new PeerColours(ui.getState().snapshot?.peer)
  return colours.of(peer)
}
