/** Who may import whom: domain <- room <- {net, store, compute, sim} <- node <- ui <- main. */
const TESTS = '\\.(test|browser\\.test)\\.tsx?$|-contract\\.ts$|/testing/'
const only = (room, allowed) => ({
  name: `${room}-imports-only-${allowed.join('-') || 'itself'}`,
  severity: 'error',
  from: { path: `^src/${room}/`, pathNot: TESTS },
  to: { path: '^(src|relay|e2e|bench)/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
})

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: { path: '^(src|relay|e2e|bench)/' }, to: { circular: true } },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: { path: '^(src|relay|e2e|bench)/' },
      to: { couldNotResolve: true, pathNot: '^(virtual:|.*\\?)' },
    },
    only('domain', []),
    only('room', ['domain']),
    only('net', ['domain', 'room']),
    only('store', ['domain', 'room']),
    only('compute', ['domain', 'room']),
    only('sim', ['domain', 'room']),
    only('node', ['domain', 'room', 'net', 'store', 'compute']),
    only('ui', ['domain', 'room', 'compute', 'node']),
    {
      name: 'nothing-shipped-imports-sim',
      severity: 'error',
      from: { path: '^(src|relay)/', pathNot: `^src/sim/|${TESTS}` },
      to: { path: '^src/sim/' },
    },
    {
      name: 'domain-and-room-are-pure',
      severity: 'error',
      from: { path: '^src/(domain|room)/', pathNot: TESTS },
      to: { path: 'node_modules/(@libp2p|libp2p|helia|@helia|@orbitdb|react|vite)|^node:' },
    },
    {
      name: 'relay-uses-no-ui-node-or-compute',
      severity: 'error',
      from: { path: '^relay/', pathNot: TESTS },
      to: { path: '^src/(ui|node|compute|sim)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'browser', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.json'],
    },
  },
}
