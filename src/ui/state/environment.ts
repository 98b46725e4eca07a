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
