import { verifyFiles } from '../../node/verify.ts'
import type { CheckAnswer, CheckRequest } from './check.ts'

/** The part of a dedicated worker's global scope that is used here; the DOM library types `self` as a window. */
const scope = self as unknown as {
  addEventListener(type: 'message', listener: (event: MessageEvent<CheckRequest>) => void): void
  postMessage(answer: CheckAnswer): void
}

async function check({ certificates, data }: CheckRequest): Promise<CheckAnswer> {
  try {
    return { verification: await verifyFiles(await certificates.text(), data === null ? null : new Uint8Array(await data.arrayBuffer())) }
  } catch (cause) {
    return { error: cause instanceof Error ? cause.message : String(cause) }
  }
}

scope.addEventListener('message', (event) => void check(event.data).then((answer) => scope.postMessage(answer)))
