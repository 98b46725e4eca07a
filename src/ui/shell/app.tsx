import { ActionIcon, Anchor, AppShell, Group, NavLink, Stack, Text, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { ContributePage } from '../contribute/contribute-page.tsx'
import { NetworkPage } from '../network/network-page.tsx'
import { ResultsPage } from '../results/results-page.tsx'
import { RoomPage } from '../room/room-page.tsx'
import { SubmitPage } from '../submit/submit-page.tsx'
import { CHECK, formatRoute, parseRoute, PLACES } from '../state/route.ts'
import type { Place } from '../state/route.ts'
import { useSnapshot, useUi } from '../state/ui.ts'
import { Banners } from './banners.tsx'
import { ErrorBoundary } from './error-boundary.tsx'
import { Icon } from './icons.tsx'
import { StartupGate } from './startup-gate.tsx'

/** The frame around the five places: navigation, messages, and who this tab is. */
export function App() {
  const place = useUi((state) => state.route.place)
  // Certificates are checked without a node.
  const offline = useUi(({ route }) => route.place === 'results' && route.job === CHECK)
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: true } }}
      footer={{ height: { base: 60, sm: 0 } }}
      padding="md"
    >
      <a className="skip-link" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Anchor href="#/contribute" underline="never" c="inherit">
            <Group gap="xs" wrap="nowrap">
              <span className="logo">
                <Icon name="logo" size={26} filled />
              </span>
              <Text fw={700} size="lg">
                Roomful
              </Text>
            </Group>
          </Anchor>
          <Group gap="sm" wrap="nowrap">
            <Activity />
            <SchemeButton />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" visibleFrom="sm" aria-label="Places">
        <Stack justify="space-between" h="100%">
          <div>
            {PLACES.map((item) => (
              <NavLink
                key={item.place}
                href={item.hash}
                label={item.title}
                leftSection={<Icon name={item.place} />}
                active={item.place === place}
                aria-current={item.place === place ? 'page' : undefined}
                className="place"
              />
            ))}
          </div>
          <Identity />
        </Stack>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <div className="page">
          <Banners />
          {offline ? (
            <Page place={place} />
          ) : (
            <StartupGate>
              <Page place={place} />
            </StartupGate>
          )}
        </div>
      </AppShell.Main>
      <AppShell.Footer hiddenFrom="sm">
        <nav aria-label="Places" className="tabs">
          {PLACES.map((item) => (
            <a key={item.place} href={item.hash} className="tab" aria-current={item.place === place ? 'page' : undefined}>
              <Icon name={item.place} size={22} />
              {item.title}
            </a>
          ))}
        </nav>
      </AppShell.Footer>
    </AppShell>
  )
}

/** The hash belongs to the places, so the link moves the focus itself. */
function skip(event: { preventDefault(): void }): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

function Page({ place }: { place: Place }) {
  // Also changes within a place, from a list to one of its entries.
  const route = useUi((state) => formatRoute(state.route))
  const container = useRef<HTMLDivElement>(null)
  const first = useRef(true)
  useEffect(() => {
    document.title = `${PLACES.find((item) => item.place === parseRoute(route).place)?.title} · Roomful`
    // After a change of place the reading position is at its heading; on arrival the browser's own start is right.
    if (!first.current) container.current?.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true })
    first.current = false
    window.scrollTo(0, 0)
  }, [route])
  return (
    <div ref={container}>
      <ErrorBoundary key={place}>
        {place === 'contribute' && <ContributePage />}
        {place === 'room' && <RoomPage />}
        {place === 'submit' && <SubmitPage />}
        {place === 'results' && <ResultsPage />}
        {place === 'network' && <NetworkPage />}
      </ErrorBoundary>
    </div>
  )
}

const WORDS = { off: '', seeking: 'Looking for work', working: 'Contributing', paused: 'Paused', finishing: 'Finishing' } as const

function Activity() {
  const state = useSnapshot((snapshot) => snapshot.contribution.state, 'off')
  if (state === 'off') return null
  return (
    <Group gap={6} wrap="nowrap">
      <span className={`pulse ${state}`} aria-hidden="true" />
      <Text size="sm">{WORDS[state]}</Text>
    </Group>
  )
}

function SchemeButton() {
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  const other = scheme === 'dark' ? 'light' : 'dark'
  return (
    <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Change to ${other} colours`} onClick={() => setColorScheme(other)}>
      <Icon name={scheme === 'dark' ? 'sun' : 'moon'} />
    </ActionIcon>
  )
}

function Identity() {
  const peer = useSnapshot((snapshot) => snapshot.peer, '')
  if (peer === '') return null
  return (
    <div>
      <Text size="xs" c="dimmed">
        This tab is
      </Text>
      <Text size="xs" ff="monospace" truncate title={peer} data-testid="peer-id">
        {peer}
      </Text>
      <Text size="xs" c="dimmed" mt={4}>
        Made for this site. Nothing else about you leaves the tab.
      </Text>
    </div>
  )
}
