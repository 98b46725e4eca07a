/** Where in the application a person is. The address after `#` says it, so that every place can be linked to. */
export type Route =
  | { place: 'contribute'; job: string | null }
  | { place: 'room' }
  | { place: 'submit'; kernel: string | null }
  | { place: 'results'; job: string | null }
  | { place: 'network' }

export type Place = Route['place']

/** The five places in the order of the navigation. */
export const PLACES: readonly { place: Place; title: string; hash: string }[] = [
  { place: 'contribute', title: 'Contribute', hash: '#/contribute' },
  { place: 'room', title: 'Room', hash: '#/room' },
  { place: 'submit', title: 'Submit', hash: '#/submit' },
  { place: 'results', title: 'Results', hash: '#/results' },
  { place: 'network', title: 'Network', hash: '#/network' },
]

/** In the place of a job: the page that checks certificates. No job is called that. */
export const CHECK = 'check'

/** Longest job id or kernel name taken from an address, in characters. */
const MAX_SEGMENT = 200

/** Reads `#/place/segment?job=id`. Whatever is not understood leads to the first place. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const [place, segment] = path.split('/')
  switch (place) {
    case 'room':
    case 'network':
      return { place }
    case 'submit':
      return { place, kernel: clean(segment) }
    case 'results':
      return { place, job: clean(segment) }
    default:
      return { place: 'contribute', job: clean(new URLSearchParams(query).get('job')) }
  }
}

/** The inverse of {@link parseRoute}. */
export function formatRoute(route: Route): string {
  switch (route.place) {
    case 'contribute':
      return route.job === null ? '#/contribute' : `#/contribute?job=${encodeURIComponent(route.job)}`
    case 'submit':
      return route.kernel === null ? '#/submit' : `#/submit/${encodeURIComponent(route.kernel)}`
    case 'results':
      return route.job === null ? '#/results' : `#/results/${encodeURIComponent(route.job)}`
    default:
      return `#/${route.place}`
  }
}

/** The link that brings people to a job: this page's own address with the relays in its query, and nothing else of it. */
export function shareLink(location: { origin: string; pathname: string; search: string }, job: string): string {
  const relays = new URLSearchParams(location.search).getAll('relay').map((relay) => ['relay', relay])
  const query = relays.length === 0 ? '' : `?${new URLSearchParams(relays).toString()}`
  return `${location.origin}${location.pathname}${query}${formatRoute({ place: 'contribute', job })}`
}

function clean(segment: string | null | undefined): string | null {
  if (!segment) return null
  try {
    const text = decodeURIComponent(segment)
    return text.length <= MAX_SEGMENT && /^[\w.-]+$/.test(text) ? text : null
  } catch {
    return null
  }
}
