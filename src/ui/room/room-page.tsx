import { Alert, Anchor, Button, Stack, Text } from '@mantine/core'
import type { NodeSnapshot, RoomView } from '../../node/api.ts'
import { LeftToOthers } from '../contribute/left-to-others.tsx'
import { roomSentence } from '../contribute/role.ts'
import { PageHead } from '../parts/page-head.tsx'
import { Section } from '../parts/section.tsx'
import { Stat } from '../parts/stat.tsx'
import { formatRoute } from '../state/route.ts'
import { useSnapshot } from '../state/ui.ts'
import { count, plural } from '../view/format.ts'
import { openElsewhere, openHere } from '../view/wants-help.ts'
import { ChunkGrid } from './chunk-grid.tsx'
import { Departures } from './departures.tsx'
import { GraphDrawing } from './graph-drawing.tsx'
import { MemberTable } from './member-table.tsx'
import { stageSentence, verdictSentence } from './stage.ts'
import { PeerName } from '../parts/peer-name.tsx'

/** Most departures of earlier rooms listed. */
const MAX_DEPARTURES = 20

/** A live picture of the room this tab is in. */
export function RoomPage() {
  const room = useSnapshot<RoomView | null>((snapshot) => snapshot.room, null)
  const state = useSnapshot((snapshot) => snapshot.contribution.state, 'off')
  if (room === null) return <NoRoom seeking={state !== 'off'} />
  return (
    <Stack gap="lg">
      <PageHead title="Room">
        {roomSentence(room)} of <Anchor href={formatRoute({ place: 'results', job: room.job })}>{room.title}</Anchor> ({room.kernel})
      </PageHead>
      <Verdict room={room} />
      <dl className="stats">
        <Stat name="Members">{room.members.length}</Stat>
        <Stat name="Host">
          <PeerName peer={room.host} />
        </Stat>
        <Stat name="Term" hint="Rises by one each time the host changes">
          {room.term}
        </Stat>
        <Stat name="Host changes" testId="host-changes">
          {room.hostChanges}
        </Stat>
      </dl>
      <Section title="Chunks">
        <ChunkGrid chunks={room.chunks} />
      </Section>
      <Section title="Members">
        <GraphDrawing members={room.members} verifier={room.verifier} />
        <MemberTable members={room.members} verifier={room.verifier} />
      </Section>
      <Section title="Departures">
        <Departures departures={room.departures} />
      </Section>
      <Visit />
      <Text size="xs" c="dimmed" className="wrap-anywhere">
        Topic {room.topic}
      </Text>
    </Stack>
  )
}

function Verdict({ room }: { room: RoomView }) {
  const { title, text, good } = stageSentence(room)
  return (
    <Alert
      variant="light"
      color={good ? 'teal' : 'blue'}
      title={<span role="status">{title}</span>}
      role="group"
      data-testid="room-stage"
      data-stage={room.stage}
    >
      {text}
      {room.verifier !== null && (
        <>
          {' Verifier: '}
          <PeerName peer={room.verifier} />.
        </>
      )}
      {room.lastVerdict !== null && (
        <>
          {` ${verdictSentence(room.lastVerdict)}`}
          {room.lastVerdict.verifier !== null && (
            <>
              {', checked by '}
              <PeerName peer={room.lastVerdict.verifier} />
            </>
          )}
          .
        </>
      )}
    </Alert>
  )
}

function NoRoom({ seeking }: { seeking: boolean }) {
  const jobs = useSnapshot(openHere, 0)
  const elsewhere = useSnapshot(openElsewhere, 0)
  return (
    <Stack gap="lg">
      <PageHead title="Room">A room is the tabs that work on one piece of a job together. This tab is in none at the moment.</PageHead>
      {seeking ? (
        <Text role="status">
          {jobs > 0 ? (
            `Looking for a room: ${plural(jobs, 'job')} open.`
          ) : elsewhere > 0 ? (
            <LeftToOthers jobs={elsewhere} />
          ) : (
            <>
              There is no open job. A room appears here as soon as there is one. <Anchor href="#/submit">Submit a job</Anchor>
            </>
          )}
        </Text>
      ) : (
        <Stack align="start">
          <Text>Once this tab contributes, the room that it joins is shown here.</Text>
          <Button component="a" href="#/contribute">
            Go to Contribute
          </Button>
        </Stack>
      )}
      <Visit />
    </Stack>
  )
}

type History = NodeSnapshot['history']

/** What happened in all the rooms of this visit. */
function Visit() {
  const history = useSnapshot<History | null>((snapshot) => snapshot.history, null)
  if (history === null || history.timesHost + history.hostChanges + history.departures.length === 0) return null
  return (
    <Section title="Since this page was opened">
      <dl className="stats">
        <Stat name="Times this tab was host" testId="times-host">
          {count(history.timesHost)}
        </Stat>
        <Stat name="Host changes">{count(history.hostChanges)}</Stat>
        <Stat name="Chunks of liars computed again">{count(history.recomputed)}</Stat>
      </dl>
      <Departures departures={history.departures.slice(-MAX_DEPARTURES)} />
    </Section>
  )
}
