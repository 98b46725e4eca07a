import { MantineProvider } from '@mantine/core'
import '@mantine/core/styles.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import type { RoomfulNode } from '../node/api.ts'
import { App } from './shell/app.tsx'
import { theme, variables } from './shell/theme.ts'
import './shell/ui.css'
import { environmentObstacle, environmentOf, clockFault } from './state/environment.ts'
import { findServers, NO_SERVERS } from './state/relays.ts'
import type { Servers } from './state/relays.ts'
import { parseRoute } from './state/route.ts'
import { browserStore, engineInQuery, loadSettings } from './state/settings.ts'
import { attachNode, notify, throttle } from './state/store.ts'
import { ui } from './state/ui.ts'
import { watchForUpdates } from './state/updates.ts'
import { fetchWorkerScripts } from './state/worker-scripts.ts'

declare global {
  interface Window {
    /** The node of this page, for programmers at the console: see `RoomfulNode`. */
    roomful?: RoomfulNode
  }
}

/** Least time between two snapshots that the pages show, ms. */
const SNAPSHOT_MS = 250

/** Shows the pages in `root` and starts a node behind them. */
export function startUi(root: HTMLElement): void {
  window.addEventListener('hashchange', () => ui.setState({ route: parseRoute(location.hash) }))
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
        <App />
      </MantineProvider>
    </StrictMode>,
  )
  startNode().catch((cause: unknown) => {
    ui.setState({ startup: { phase: 'failed', message: failureMessage(cause) } })
  })
  watchForUpdates(ui)
}

async function startNode(): Promise<void> {
  ui.setState({ environmentProblem: environmentObstacle(environmentOf(window)) })
  const servers = await serversOrNone()
  const saved = loadSettings(browserStore(window))
  const engine = engineInQuery(location.search) ?? saved.engine ?? 'auto'
  const onProgress = (step: string) => ui.setState({ startup: { phase: 'starting', step } })
  // The network and the engines are most of the program; the page is there before them.
  const { createNode } = await import('../node/index.ts')
  const node = await createNode({ ...servers, engine, onProgress })
  window.roomful = node
  attachNode(ui, node, throttle(SNAPSHOT_MS))
  ui.setState({ startup: { phase: 'ready' } })
  fetchWorkerScripts()
  await node.configure({ ...saved, engine }).catch((cause: unknown) => notify(ui, 'Your settings could not be restored', cause))
  keepPreflight(node)
}

/** What the browser lacks is the likeliest cause; the error itself is for those who can do more with it. */
function failureMessage(cause: unknown): string {
  const likely =
    ui.getState().environmentProblem || 'Reload the page. If that does not help, let this site store data, and use a current browser.'
  // What breaks on a page that is not secure says nothing about the cause.
  if (!window.isSecureContext) return likely
  return `${likely} (${cause instanceof Error ? cause.message : String(cause)})`
}

/** The check of the device is made anew whenever the relay comes or goes. */
function keepPreflight(node: RoomfulNode): void {
  const check = () => {
    node.preflight().then(
      (preflight) => ui.setState({ preflight }),
      (cause: unknown) => notify(ui, 'This device could not be checked', cause),
    )
  }
  check()
  ui.subscribe((state, before) => {
    if (state.snapshot?.network.relays !== before.snapshot?.network.relays) check()
  })
}

/** Asks the server of the page, and has a look at its clock. */
async function ask(path: string): Promise<Response> {
  const response = await fetch(path, { cache: 'no-store' })
  const fault = clockFault(response.headers.get('date'), Date.now())
  if (fault !== '') notify(ui, 'The clock of this device is wrong', fault)
  return response
}

/** Without a relay the node still starts: it can show what it knows and compute alone. */
async function serversOrNone(): Promise<Servers> {
  try {
    return await findServers(location.search, ask, browserStore(window))
  } catch (cause) {
    ui.setState({ relayProblem: cause instanceof Error ? cause.message : String(cause) })
    return NO_SERVERS
  }
}
