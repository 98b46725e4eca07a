import { duration } from '../view/format.ts'

/** What of a browser matters before anything can start. */
export interface Environment {
  secure: boolean
  origin: string
  webCrypto: boolean
  workers: boolean
  webRtc: boolean
}

/** What is missing here, what that means and what to do; empty when nothing is. */
export function environmentObstacle(environment: Environment): string {
  if (!environment.secure || !environment.webCrypto) {
    return (
      `${environment.origin} is not a secure origin, and browsers allow signing, direct connections and the GPU only on secure ones. ` +
      'Open this page over https://, or on this very machine as http://localhost. Whoever runs the relay can have it serve HTTPS.'
    )
  }
  if (!environment.workers)
    return 'This browser has no module workers, in which chunks are computed. Update it, or use a current Firefox, Chrome, Edge or Safari.'
  if (!environment.webRtc) {
    return (
      'This browser has no WebRTC, so this tab cannot reach other tabs directly: its messages go through the relay, slowly and within limits. ' +
      'Switch WebRTC on in the browser’s settings or extensions, or use another browser.'
    )
  }
  return ''
}

export function environmentOf(scope: Window & typeof globalThis): Environment {
  return {
    secure: scope.isSecureContext,
    origin: scope.location.origin,
    webCrypto: typeof scope.crypto?.subtle === 'object',
    workers: typeof scope.Worker === 'function',
    webRtc: typeof scope.RTCPeerConnection === 'function',
  }
}

/** Others refuse what is dated from further in their future, ms. */
const CLOCK_TOLERANCE_MS = 5 * 60_000

/** What a wrong clock means here, by the time that the server of the page gave with an answer; empty when it is right, or none was given. */
export function clockFault(serverDate: string | null, now: number): string {
  const ahead = now - Date.parse(serverDate ?? '')
  if (!(Math.abs(ahead) > CLOCK_TOLERANCE_MS)) return ''
  const off = duration(Math.round(Math.abs(ahead) / 60_000) * 60)
  const harm =
    ahead > 0
      ? `is ${off} ahead: what this tab writes looks to others as if it came from the future, and they refuse it.`
      : `is ${off} behind: what others write looks as if it came from the future and is refused here, so jobs are missing.`
  return `Compared with the server of this page the clock of this device ${harm} Set it, then reload this page.`
}
