/**
 * Two ends of a WebRTC connection within one page. A hidden page that has no data channel open gets its timers once a
 * minute; with one open, once a second. A node that is in no room has none with others, so it keeps one with itself.
 *
 * @returns a function that closes it; where there is no WebRTC it does nothing
 */
export async function openLoopbackPair(): Promise<() => void> {
  if (typeof globalThis.RTCPeerConnection !== 'function') return () => undefined
  const [near, far] = [new RTCPeerConnection(), new RTCPeerConnection()]
  const close = (): void => {
    near.close()
    far.close()
  }
  try {
    near.onicecandidate = ({ candidate }) => void far.addIceCandidate(candidate ?? undefined).catch(() => undefined)
    far.onicecandidate = ({ candidate }) => void near.addIceCandidate(candidate ?? undefined).catch(() => undefined)
    near.createDataChannel('awake')
    await near.setLocalDescription()
    await far.setRemoteDescription(near.localDescription ?? { type: 'offer' })
    await far.setLocalDescription()
    await near.setRemoteDescription(far.localDescription ?? { type: 'answer' })
    return close
  } catch {
    // Without it the node works on; hidden, it is slower to notice things.
    close()
    return () => undefined
  }
}
