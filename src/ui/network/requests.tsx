import { List, Text } from '@mantine/core'
import type { NodeSnapshot } from '../../node/api.ts'
import { PeerName } from '../parts/peer-name.tsx'
import { plural, time } from '../view/format.ts'

/** How the single work requests ended that this node asked, or heard of. */
export function Requests({ requests }: { requests: NodeSnapshot['requests'] }) {
  return (
    <>
      <Text size="sm" data-testid="requests">
        This tab has asked {plural(requests.asked, 'time')} and done {plural(requests.answered, 'piece')} of work for others.
      </Text>
      <List spacing={6} listStyleType="none">
        {requests.outcomes.toReversed().map(({ id, requester, worker, reason, at }) => (
          <List.Item key={`${requester} ${id}`}>
            <Text size="sm" span>
              {time(at)}: <PeerName peer={requester} />
              {worker === null ? (
                ` found nobody: ${reason}`
              ) : (
                <>
                  {' was helped by '}
                  <PeerName peer={worker} />
                </>
              )}
            </Text>
          </List.Item>
        ))}
      </List>
    </>
  )
}
