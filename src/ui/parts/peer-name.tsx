import { Text } from '@mantine/core'
import { useSnapshot } from '../state/ui.ts'
import { shortId } from '../view/format.ts'
import { colourOf } from './colours.ts'

/** A peer as people see it: its colour, and "you" or the end of its id. */
export function PeerName({ peer }: { peer: string }) {
  const self = useSnapshot((snapshot) => snapshot.peer, '')
  return (
    <span className="peer" title={peer}>
      <span className="swatch" style={{ background: colourOf(peer) }} aria-hidden="true" />
      <Text span inherit ff="monospace">
        {peer === self ? 'you' : shortId(peer)}
      </Text>
    </span>
  )
}
