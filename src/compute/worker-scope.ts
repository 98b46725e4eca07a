import type * as threads from 'node:worker_threads'

/** The worker's side of a port: `self` in a browser, the parent port in Node. */
export interface WorkerScope {
  post(message: unknown, transfer?: ArrayBuffer[]): void
  listen(handler: (message: unknown) => void): void
}

interface Postable {
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void
}

export async function workerScope(): Promise<WorkerScope> {
  if (typeof addEventListener === 'function' && typeof postMessage === 'function') {
    const scope = globalThis as unknown as Postable
    return {
      post: (message, transfer) => scope.postMessage(message, transfer ?? []),
      listen: (handler) => addEventListener('message', (event: MessageEvent<unknown>) => handler(event.data)),
    }
  }
  const name = 'node:worker_threads'
  const { parentPort } = (await import(/* @vite-ignore */ name)) as typeof threads
  if (parentPort === null) throw new Error('this module runs in a worker only')
  return {
    post: (message, transfer) => parentPort.postMessage(message, transfer ?? []),
    listen: (handler) => void parentPort.on('message', handler),
  }
}

/** Lets waiting messages in; costs some microseconds, where a timer would cost milliseconds. */
export function createYield(): () => Promise<void> {
  // In Node a port that posts to itself keeps its own turn, and other ports never get theirs.
  if (typeof setImmediate === 'function') return () => new Promise((resolve) => setImmediate(resolve))
  const channel = new MessageChannel()
  const waiting: (() => void)[] = []
  channel.port1.onmessage = () => waiting.shift()?.()
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      channel.port2.postMessage(null)
    })
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
