import { Alert, Anchor, Button, Group, Paper, Text } from '@mantine/core'
import type { NodeSnapshot, RoomView } from '../../node/api.ts'
import { Stat } from '../parts/stat.tsx'
import { formatRoute } from '../state/route.ts'
import { act, useSnapshot } from '../state/ui.ts'
import { CREDIT } from '../view/credit.ts'
import { count, decimal, sentence, short } from '../view/format.ts'
import { openElsewhere, openHere } from '../view/wants-help.ts'
import { LeftToOthers } from './left-to-others.tsx'
import { roleOf, roomSentence } from './role.ts'

type Contribution = NodeSnapshot['contribution']

/** What the tab does at the moment, and how to make it stop. */
export function Running() {
  const contribution = useSnapshot<Contribution | null>((snapshot) => snapshot.contribution, null)
  const room = useSnapshot<RoomView | null>((snapshot) => snapshot.room, null)
  if (contribution === null) return null
  return (
    <Paper withBorder p="md" className="running">
      <Headline contribution={contribution} room={room} />
      {contribution.state === 'paused' && (
        <Alert color="yellow" variant="light" my="sm" role="status">
          {sentence(contribution.pausedBecause)} Nothing is computed until it resumes.
        </Alert>
      )}
      <dl className="stats">
        <Stat name="Role in the room">{roleOf(room)}</Stat>
        <Stat name="Chunks done" testId="chunks-done">
          {count(contribution.chunksDone)}
        </Stat>
        <Stat name="Chunks a minute">{decimal(contribution.rate)}</Stat>
        <Stat name="Credit" hint={`${count(contribution.credit)} of verified work; ${count(contribution.fuel)} computed on this visit`}>
          {short(contribution.credit)}
        </Stat>
        <Stat name="Engine" hint={contribution.engine?.device ?? ''}>
          {contribution.engine === null ? 'being chosen' : contribution.engine.kind === 'webgpu' ? 'WebGPU' : 'CPU'}
        </Stat>
      </dl>
      {contribution.engineReason !== '' && (
        <Text size="sm" c="dimmed" mt="xs">
          {sentence(contribution.engineReason)}
        </Text>
      )}
      <Text size="xs" c="dimmed" mt="xs">
        {CREDIT}
      </Text>
      <Controls state={contribution.state} />
    </Paper>
  )
}

function Headline({ contribution, room }: { contribution: Contribution; room: RoomView | null }) {
  const alone = contribution.state === 'working' && room?.stage === 'unverified'
  return (
    <div role="status">
      <Text fw={650} size="lg">
        {alone ? 'Waiting for another tab' : HEADLINES[contribution.state]}
      </Text>
      <Text size="sm" c="dimmed" mb="sm">
        {room === null ? (
          contribution.state !== 'paused' && <Waiting />
        ) : (
          <>
            {roomSentence(room)} of <Anchor href={formatRoute({ place: 'results', job: room.job })}>{room.title}</Anchor>.{' '}
            <Anchor href="#/room">See the room</Anchor>
            {alone && ' All chunks here are computed, and only another tab can check them: the link on the page of the job brings one.'}
          </>
        )}
      </Text>
    </div>
  )
}

function Waiting() {
  const open = useSnapshot(openHere, 0)
  const elsewhere = useSnapshot(openElsewhere, 0)
  if (open > 0) return 'Rooms are tried one after the other; if none has a place, this tab opens one.'
  if (elsewhere > 0) return <LeftToOthers jobs={elsewhere} />
  return (
    <>
      No job is open at the moment; this tab waits for one. <Anchor href="#/submit">Submit a job</Anchor>
    </>
  )
}

const HEADLINES: Record<Contribution['state'], string> = {
  off: 'Not contributing',
  seeking: 'Looking for work',
  working: 'Contributing',
  paused: 'Paused',
  finishing: 'Finishing the chunks in hand',
}

function Controls({ state }: { state: Contribution['state'] }) {
  return (
    <Group mt="md" gap="sm">
      {state === 'paused' ? (
        <Button onClick={() => act('Could not resume', (node) => node.resume())}>Resume</Button>
      ) : (
        <Button variant="default" disabled={state === 'finishing'} onClick={() => act('Could not pause', (node) => node.pause())}>
          Pause
        </Button>
      )}
      <Button variant="default" disabled={state === 'finishing'} onClick={() => act('Could not finish', (node) => node.finishThenStop())}>
        Finish, then stop
      </Button>
      <Button variant="default" onClick={() => act('Could not stop', (node) => node.stopContributing())}>
        Stop now
      </Button>
    </Group>
  )
}
