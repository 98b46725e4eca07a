import { describe, expect, it } from 'vitest'
import { clockFault, environmentObstacle } from './environment.ts'

const fine = { secure: true, origin: 'https://roomful.example', webCrypto: true, workers: true, webRtc: true }

describe('environmentObstacle', () => {
  it('finds none in a current browser on a secure origin', () => {
    expect(environmentObstacle(fine)).toBe('')
  })

  it('names the insecure origin and the way to a secure one', () => {
    const message = environmentObstacle({ ...fine, secure: false, webCrypto: false, origin: 'http://192.168.1.20:9000' })
    expect(message).toMatch(/http:\/\/192\.168\.1\.20:9000.*https:\/\//)
  })

  it('says what a tab without WebRTC can still do', () => {
    expect(environmentObstacle({ ...fine, webRtc: false })).toMatch(/no WebRTC.*through the relay/)
  })

  it('asks for a current browser when there are no workers', () => {
    expect(environmentObstacle({ ...fine, workers: false })).toMatch(/Update it/)
  })
})

describe('clockFault', () => {
  const now = Date.parse('2026-11-21T12:00:00Z')

  it('finds none where the clocks agree or nobody tells the time', () => {
    for (const date of ['Sat, 21 Nov 2026 12:04:00 GMT', 'Sat, 21 Nov 2026 11:56:00 GMT', 'soon', null])
      expect(clockFault(date, now)).toBe('')
  })

  it('says by how much the clock is wrong, what that does and what to do', () => {
    expect(clockFault('Sat, 21 Nov 2026 12:20:00 GMT', now)).toMatch(/20 min behind: .* jobs are missing\. Set it/)
    expect(clockFault('Sat, 21 Nov 2026 09:00:00 GMT', now)).toMatch(/3 h ahead: .* they refuse it\. Set it/)
  })
})
