import { describeStore } from '../room/store-contract.ts'
import { newSigner } from '../store/test-node.ts'
import { MemoryStoreNetwork } from './memory-store.ts'
import type { MemoryStore } from './memory-store.ts'

describeStore('memory', async () => {
  const network = new MemoryStoreNetwork()
  return {
    join: async () => network.join(await newSigner()),
    cut: async (node) => network.cut(node as MemoryStore),
    heal: async (node) => network.heal(node as MemoryStore),
    stop: async () => {},
  }
})
