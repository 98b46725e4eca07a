import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import sirv from 'sirv'
import { hostMultiaddr } from './host-address.ts'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Gatekeeper } from './gatekeeper.ts'

export interface FrontInit {
  /** The built app, or null to serve none. */
  staticDir: string | null
  tls: { cert: string; key: string } | null
  gatekeeper: Gatekeeper
  /** Believes the `X-Forwarded-…` headers: only where nobody but a proxy of one's own can connect. */
  behindProxy: boolean
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Fields of `/relay.json` beside the multiaddrs. */
  describe(): { peer: string; [field: string]: unknown }
  healthy(): boolean
  metrics(): Promise<{ type: string; body: string }>
}

/** Sent with everything. The app needs WebAssembly, workers, its own styles, and sockets to relays wherever they are. */
const SECURITY_HEADERS: Record<string, string> = {
  'Content-Security-Policy': [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self' blob:",
    "connect-src 'self' ws: wss:",
    "img-src 'self' data: blob:",
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

/** One HTTP server for the app, the relay's description, its health and metrics, and the WebSockets, which it can drop. */
export function createFront(init: FrontInit): { server: Server; dropSockets(): void } {
  const sockets = new Set<Duplex>()
  const server = init.tls === null ? createHttpServer() : createHttpsServer(init.tls)
  const serveFile = init.staticDir === null ? null : staticFiles(init.staticDir)

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value)
    void route(init, serveFile, request, response)
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A socket that breaks while it is refused, or before libp2p listens to it, must not end the process.
    socket.on('error', () => socket.destroy())
    const { address } = asSeenFromOutside(request, init)
    const fault = init.gatekeeper.admit(address)
    if (fault !== null) {
      socket.end(`HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n${fault}\n`)
      return
    }
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      init.gatekeeper.release(address)
    })
    init.upgrade(request, socket, head)
  })
  server.on('clientError', (_error, socket: Duplex) => socket.destroy())
  return {
    server,
    dropSockets() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

type FileServer = (request: IncomingMessage, response: ServerResponse) => void

async function route(init: FrontInit, serveFile: FileServer | null, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?')[0]
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'text/plain', 'only GET\n')
  switch (path) {
    case '/relay.json': {
      const description = init.describe()
      const { host, tls } = asSeenFromOutside(request, init)
      const multiaddr = hostMultiaddr(host, tls, request.socket.localPort, description.peer)
      response.setHeader('Cache-Control', 'no-store')
      // Tabs from another origin may ask which relay this is.
      response.setHeader('Access-Control-Allow-Origin', '*')
      response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin')
      return answer(response, 200, 'application/json', JSON.stringify({ multiaddrs: [multiaddr], ...description }))
    }
    case '/healthz':
      return init.healthy() ? answer(response, 200, 'text/plain', 'ok\n') : answer(response, 503, 'text/plain', 'stopping\n')
    case '/metrics': {
      const { type, body } = await init.metrics()
      return answer(response, 200, type, body)
    }
    default:
      if (serveFile === null) return answer(response, 404, 'text/plain', 'this relay serves no app\n')
      return serveFile(request, response)
  }
}

/** Whose request it is and what it asked for; a proxy of one's own says what it was before it came through. */
function asSeenFromOutside(
  { headers, socket }: IncomingMessage,
  { behindProxy, tls }: FrontInit,
): { address: string; host: string | undefined; tls: boolean } {
  const own = { address: socket.remoteAddress ?? 'unknown', host: headers.host, tls: tls !== null }
  if (!behindProxy) return own
  // Each proxy appends what it has seen itself; what stands before that, anybody may have written.
  const forwarded = (name: string): string | undefined => headers[name]?.toString().split(',').at(-1)?.trim()
  const protocol = forwarded('x-forwarded-proto')
  return {
    address: forwarded('x-forwarded-for') ?? own.address,
    host: forwarded('x-forwarded-host') ?? own.host,
    tls: protocol === undefined ? own.tls : protocol === 'https' || protocol === 'wss',
  }
}

function staticFiles(directory: string): FileServer {
  const files = sirv(directory, {
    dev: true,
    single: true,
    etag: true,
    setHeaders: (response, path) => {
      // Names under assets/ carry a hash of their content; the service worker and the page must be fresh.
      response.setHeader('Cache-Control', path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
  return (request, response) => {
    if (!existsSync(join(directory, 'index.html'))) {
      return answer(response, 503, 'text/plain', 'the app is not built: run `npm run build`\n')
    }
    files(request, response, () => answer(response, 404, 'text/plain', 'no such file\n'))
  }
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': `${type}; charset=utf-8` })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}
