import { describe, expect, it } from 'vitest'
import { CHECK, formatRoute, parseRoute, PLACES, shareLink } from './route.ts'
import type { Route } from './route.ts'

describe('routes', () => {
  it('leads to Contribute when the address says nothing or nonsense', () => {
    for (const hash of ['', '#', '#/', '#/nowhere', '#/%E0%A4%A']) {
      expect(parseRoute(hash)).toEqual({ place: 'contribute', job: null })
    }
  })

  it('reads back every route it writes', () => {
    const routes: Route[] = [
      { place: 'contribute', job: 'bafyjob' },
      { place: 'room' },
      { place: 'submit', kernel: 'mandelbrot' },
      { place: 'results', job: 'bafyjob' },
      { place: 'results', job: null },
      { place: 'results', job: CHECK },
      { place: 'network' },
    ]
    for (const route of routes) expect(parseRoute(formatRoute(route))).toEqual(route)
  })

  it('gives each place of the navigation its own address', () => {
    for (const { place, hash } of PLACES) expect(parseRoute(hash).place).toBe(place)
  })

  it('ignores a job id that could not be one', () => {
    expect(parseRoute('#/contribute?job=%3Cscript%3E')).toEqual({ place: 'contribute', job: null })
    expect(parseRoute('#/results/..%2F..%2Fetc')).toEqual({ place: 'results', job: null })
    expect(parseRoute(`#/results/${'a'.repeat(201)}`)).toEqual({ place: 'results', job: null })
  })

  it('keeps the relay of the page in a share link', () => {
    const location = { origin: 'https://roomful.example', pathname: '/app/', search: '?relay=%2Fdns4%2Fa' }
    expect(shareLink(location, 'bafyjob')).toBe('https://roomful.example/app/?relay=%2Fdns4%2Fa#/contribute?job=bafyjob')
  })

  it('does not hand what this person chose for this tab to whoever is invited', () => {
    const location = { origin: 'https://roomful.example', pathname: '/', search: '?engine=cpu' }
    expect(shareLink(location, 'bafyjob')).toBe('https://roomful.example/#/contribute?job=bafyjob')
  })
})
