import { once } from 'node:events'
import { parentPort } from 'node:worker_threads'
import { attack } from './attackers.ts'
import type { Order } from './attackers.ts'

/** Carries out orders on a thread of its own, so that the memory of attackers is not taken for that of the besieged. */
const port = parentPort!

port.on('message', (message: { order: Order } | { heard: boolean }) => {
  if (!('order' in message)) return
  void attack(message.order, async (peer) => {
    port.postMessage({ peer })
    const [{ heard }] = (await once(port, 'message')) as [{ heard: boolean }]
    return heard
  }).then(
    (spent) => port.postMessage({ spent }),
    (cause: unknown) => port.postMessage({ failed: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) }),
  )
})
