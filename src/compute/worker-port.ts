import type * as threads from 'node:worker_threads'

/** A dedicated Worker in a browser, or a worker thread in Node. */
export interface WorkerPort {
  post(message: unknown, transfer?: ArrayBuffer[]): void
  terminate(): void
}

export interface WorkerHandlers {
  onMessage(message: unknown): void
  /** The worker threw outside of any request, or could not start. */
  onError(reason: string): void
}

/** Connects a browser's Worker, which the caller makes so that the bundler sees its address. */
export function browserPort(worker: Worker, handlers: WorkerHandlers): WorkerPort {
  worker.addEventListener('message', (event: MessageEvent<unknown>) => handlers.onMessage(event.data))
  worker.addEventListener('error', (event) => {
    event.preventDefault()
    handlers.onError(event.message || 'the worker could not be loaded')
  })
  worker.addEventListener('messageerror', () => handlers.onError('a message of the worker could not be read'))
  return {
    post: (message, transfer) => worker.postMessage(message, transfer ?? []),
    terminate: () => worker.terminate(),
  }
}

/** Starts a worker thread of Node. It does not keep the process alive. */
export async function nodePort(url: URL, handlers: WorkerHandlers): Promise<WorkerPort> {
  // Named indirectly: a bundler for browsers must not look for it.
  const name = 'node:worker_threads'
  const { Worker: Thread } = (await import(/* @vite-ignore */ name)) as typeof threads
  const worker = new Thread(url)
  worker.unref()
  worker.on('message', (message: unknown) => handlers.onMessage(message))
  worker.on('error', (error) => handlers.onError(error instanceof Error ? error.message : String(error)))
  return {
    post: (message, transfer) => worker.postMessage(message, transfer ?? []),
    terminate: () => void worker.terminate(),
  }
}

export function isBrowser(): boolean {
  return typeof Worker !== 'undefined'
}
