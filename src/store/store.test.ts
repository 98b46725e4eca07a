import { describeStore } from '../room/store-contract.ts'
import { connect, startTestNode } from './test-node.ts'
import type { TestNode } from './test-node.ts'

describeStore('OrbitDB and Helia', async () => {
  const nodes = new Map<object, TestNode>()
  const link = async (node: TestNode): Promise<void> => {
    for (const other of nodes.values()) if (other !== node) await connect(node, other)
  }
  return {
    join: async () => {
      const node = await startTestNode()
      const { signer, store } = node
      const view = { signer, jobs: store.jobs, ledger: store.ledger, blocks: store.blocks }
      await link(node)
      nodes.set(view, node)
      return view
    },
    cut: async (view) => {
      for (const connection of nodes.get(view)!.libp2p.getConnections()) await connection.close()
    },
    heal: (view) => link(nodes.get(view)!),
    stop: async () => {
      await Promise.all([...nodes.values()].map((node) => node.stop()))
    },
  }
})
