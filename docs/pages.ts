import { readFileSync } from 'node:fs'
import { Marked } from 'marked'
import type { Plugin } from 'vite'

/** Texts in this folder that the app links to, and their addresses. */
const PAGES = { '/docs/kernels.html': 'kernels.md', '/docs/trust.html': 'trust.md' }

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif; --line: light-dark(#d5dbd9, #36423f); --link: light-dark(#0b6a5d, #5cc9b8) }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 46rem; overflow-wrap: break-word; background: light-dark(#fafcfb, #0f1716) }
a { color: var(--link) }
h1, h2 { line-height: 1.2; margin-top: 2rem }
pre, code { font: 0.875em/1.5 ui-monospace, monospace }
pre { overflow-x: auto; padding: 0.75rem 1rem; border: 1px solid var(--line); border-radius: 6px }
.wide { overflow-x: auto }
table { border-collapse: collapse }
th, td { padding: 0.35rem 0.75rem 0.35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
`

/** The anchor of a heading, as hosts of source code make it. */
function anchor(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} -]/gu, '')
    .replaceAll(' ', '-')
}

/** A text in Markdown as a page that needs no script. Its first heading is the title. */
export function pageOf(markdown: string): string {
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        return `<h${depth} id="${anchor(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`
      },
      code({ text }) {
        const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
        return `<pre tabindex="0"><code>${escaped}</code></pre>\n`
      },
    },
  })
  const body = marked.parse(markdown, { async: false })
  // What is too wide for a phone scrolls by itself, by keyboard as well.
  const wide = body.replaceAll('<table>', '<div class="wide" tabindex="0"><table>').replaceAll('</table>', '</table></div>')
  const title = /^# (.*)$/m.exec(markdown)?.[1] ?? 'Roomful'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Roomful</title>
<link rel="icon" href="/icons/icon.svg" type="image/svg+xml">
<style>${STYLE}</style>
</head>
<body>
<nav><a href="/">Roomful</a></nav>
<main>
${wide}</main>
</body>
</html>
`
}

/** Serves the texts as pages of the app: built with it, cached with it, and there while it is developed. */
export function docsPages(): Plugin {
  const read = (name: string): string => pageOf(readFileSync(new URL(name, import.meta.url), 'utf8'))
  return {
    name: 'roomful-docs',
    generateBundle() {
      for (const [path, name] of Object.entries(PAGES)) this.emitFile({ type: 'asset', fileName: path.slice(1), source: read(name) })
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const name = PAGES[request.url as keyof typeof PAGES]
        if (name === undefined) return next()
        response.setHeader('content-type', 'text/html; charset=utf-8').end(read(name))
      })
    },
  }
}
