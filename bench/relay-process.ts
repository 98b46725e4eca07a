import { createRelay } from '../relay/relay.ts'

/** The relay of the benchmark, in a process of its own, so that its memory and CPU are its own. */
const reservations = Number(process.env['RESERVATIONS'])
const relay = await createRelay({
  port: 0,
  dataDir: process.env['DATA'] ?? '.',
  // All clients come from one address here.
  limits: { reservations, connections: 2 * reservations, connectionsPerAddress: 2 * reservations, connectionRatePerAddress: 1_000 },
})
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ type: 'sample', rssMiB: Math.round(process.memoryUsage().rss / 2 ** 20), cpuSeconds: (user + system) / 1e6 })
})
process.on('disconnect', () => process.exit(0))
process.send?.({ type: 'ready', multiaddr: relay.multiaddr })
