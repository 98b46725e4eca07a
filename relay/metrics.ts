import { Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { Gatekeeper } from './gatekeeper.ts'
import type { TopicForwarder } from './topics.ts'
import type { RelayGauge, RelayLibp2p } from './types.ts'

export interface RelayMetricsInit {
  gatekeeper: Gatekeeper
  topics: TopicForwarder
  libp2p: RelayLibp2p
}

/** The relay's own figures, beside those of libp2p. */
export function relayGauges(init: RelayMetricsInit): RelayGauge[] {
  return [
    {
      name: 'roomful_relay_reservations',
      help: 'Peers that can be reached over this relay',
      read: () => init.libp2p.services.relay.reservations.size,
    },
    { name: 'roomful_relay_sockets', help: 'Open WebSockets', read: () => init.gatekeeper.open },
    {
      name: 'roomful_relay_sockets_refused',
      help: 'WebSockets refused by a limit since the start',
      read: () => init.gatekeeper.refused,
    },
    { name: 'roomful_relay_topics', help: 'Topics that are forwarded', read: () => init.topics.size },
    {
      name: 'roomful_relay_topics_refused',
      help: 'Topics not forwarded since the start: not ours, or above the limit',
      read: () => init.topics.refused,
    },
    { name: 'roomful_relay_peers', help: 'Connected peers', read: () => init.libp2p.getPeers().length },
  ]
}

/** Adds figures to a registry. */
export function registerGauges(registry: Registry, gauges: readonly RelayGauge[]): void {
  for (const { name, help, read } of gauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  }
}
