import { describeStore } from '../room/store-contract.ts'
import type { StoreNetwork } from '../room/store-contract.ts'
import { connect, loseEntries, startTestNode } from './test-node.ts'
import type { TestNode } from './test-node.ts'

/** Nodes on loopback. @param losesEntries new entries are lost on the topic, so that only exchanges bring them */
async function network(losesEntries: boolean): Promise<StoreNetwork> {
  const nodes = new Map<object, TestNode>()
  const link = async (node: TestNode): Promise<void> => {
    for (const other of nodes.values()) if (other !== node) await connect(node, other)
  }
  return {
    join: async () => {
      const node = await startTestNode()
      if (losesEntries) loseEntries(node)
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
}

describeStore('OrbitDB and Helia', () => network(false))
describeStore('OrbitDB and Helia whose gossip loses every entry', () => network(true))
