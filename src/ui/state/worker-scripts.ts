/* oxlint-disable import/default -- with this suffix the bundler answers with an address */
import check from '../results/check.worker.ts?worker&url'
import png from '../results/png.worker.ts?worker&url'
import decode from '../submit/decode.worker.ts?worker&url'

/**
 * Has the browser keep the scripts of workers that the pages start when they are first needed: the relay that they come
 * from may be gone by then. A service worker does so too, but later.
 */
export function fetchWorkerScripts(): void {
  for (const url of [check, decode, png]) void keep(url)
}

/** Reads all of it: a browser keeps nothing by halves. Where it cannot be had, the page works all the same until then. */
async function keep(url: string): Promise<void> {
  await fetch(url)
    .then((response) => response.arrayBuffer())
    .catch(() => undefined)
}
