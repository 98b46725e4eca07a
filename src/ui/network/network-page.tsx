import { Code, Stack, Text } from '@mantine/core'
import type { NodeSnapshot } from '../../node/api.ts'
import { PageHead } from '../parts/page-head.tsx'
import { Section } from '../parts/section.tsx'
import { Stat } from '../parts/stat.tsx'
import { useSnapshot } from '../state/ui.ts'
import { count } from '../view/format.ts'
import { KeySection } from './key-section.tsx'
import { Leaderboard } from './leaderboard.tsx'
import { Peers, Relays, Wires } from './links.tsx'
import { Problems } from './problems.tsx'
import { Requests } from './requests.tsx'

const DATABASE_WORDS: Record<NodeSnapshot['database']['state'], string> = { opening: 'opening', open: 'open', failed: 'failed' }

/** What this tab is connected to and what it knows. */
export function NetworkPage() {
  const snapshot = useSnapshot<NodeSnapshot | null>((whole) => whole, null)
  if (snapshot === null) return null
  const { peer, network, database, ledger } = snapshot
  const direct = network.peers.filter((peer) => peer.link === 'direct').length
  return (
    <Stack gap="lg">
      <PageHead title="Network">
        Tabs meet through a relay and then talk to each other directly. The relay never computes and never decides.
      </PageHead>
      <Text size="sm" className="wrap-anywhere">
        This tab is <Code>{peer}</Code>. The id was made for this site; nothing else about you leaves the tab.
      </Text>
      <dl className="stats">
        <Stat name="Direct links" testId="links-direct">
          {direct}
        </Stat>
        <Stat name="Relayed links" testId="links-relayed">
          {network.peers.length - direct}
        </Stat>
        <Stat name="Job database" hint={database.detail}>
          {DATABASE_WORDS[database.state]}
        </Stat>
        <Stat name="Records" testId="records">
          {count(database.records)}
        </Stat>
        <Stat name="Ledger entries">{count(ledger.entries)}</Stat>
      </dl>
      {database.detail !== '' && (
        <Text size="sm" c="dimmed">
          {database.detail}
        </Text>
      )}
      <Section title="Relays">
        <Relays relays={network.relays} />
      </Section>
      <Section title="Peers">
        <Peers peers={network.peers} />
      </Section>
      <Section title="Wires">
        <Wires wires={network.wires} />
      </Section>
      <Section title="Leaderboard">
        <Leaderboard ledger={ledger} />
      </Section>
      <Section title="Single work requests">
        <Requests requests={snapshot.requests} />
      </Section>
      <KeySection peer={peer} />
      <Section title="Problems">
        <Problems problems={snapshot.problems} />
      </Section>
      <Section title="For programmers">
        <Text size="sm">
          The node of this page is <Code>window.roomful</Code> in the browser’s console. <Code>roomful.snapshot()</Code> gives everything
          that is shown here, <Code>roomful.submit()</Code> takes a job and <Code>roomful.watch()</Code> gives its results; the README of
          Roomful has an example.
        </Text>
      </Section>
    </Stack>
  )
}
