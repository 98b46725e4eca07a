import { describe, expect, it } from 'vitest'
import { environmentObstacle } from './environment.ts'

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
