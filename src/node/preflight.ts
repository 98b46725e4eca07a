import type { StoreFiles } from '../store/store-files.ts'
import type { EngineReport } from '../room/ports.ts'
import type { NodeSnapshot, PreflightCheck } from './api.ts'

/** What this device and its network can do, and what to do where something is missing. */
export function preflightChecks(engines: EngineReport[], network: NodeSnapshot['network'], files: StoreFiles): PreflightCheck[] {
  return [secureContext(), gpu(engines), cpu(engines), webRtc(), relay(network), storage(files)]
}

function secureContext(): PreflightCheck {
  const secure = globalThis.isSecureContext !== false
  return {
    id: 'secure-context',
    label: 'Secure page',
    state: secure ? 'ok' : 'warning',
    detail: secure
      ? 'This page is served securely.'
      : 'This page is not secure, so the browser switches WebGPU and storage off. Open it by HTTPS, or as localhost on the device that runs the relay.',
  }
}

function gpu(engines: EngineReport[]): PreflightCheck {
  const report = engines.find(({ kind }) => kind === 'webgpu')
  const common = { id: 'webgpu', label: 'WebGPU' } as const
  // Somebody chose the CPU: nothing is missing.
  if (report === undefined && engines.length > 0)
    return { ...common, state: 'ok', detail: 'Not looked for: chunks are computed on the CPU, as was chosen.' }
  if (report?.available === true && !report.fallback) return { ...common, state: 'ok', detail: report.device }
  const why =
    report?.available === true
      ? `${report.device} is a software adapter: the CPU is faster here.`
      : (report?.reason ?? 'Not looked for yet.')
  return { ...common, state: 'warning', detail: `${why} Chunks are computed on the CPU.` }
}

function cpu(engines: EngineReport[]): PreflightCheck {
  const report = engines.find(({ kind }) => kind === 'cpu')
  return {
    id: 'cpu',
    label: 'Processor',
    state: report?.available === true ? 'ok' : 'failed',
    detail: report?.available === true ? report.device : `${report?.reason ?? 'WebAssembly Workers are missing.'} Use a current browser.`,
  }
}

function webRtc(): PreflightCheck {
  const there = typeof RTCPeerConnection !== 'undefined'
  return {
    id: 'webrtc',
    label: 'Direct connections',
    state: there ? 'ok' : 'failed',
    detail: there
      ? 'This browser can connect to other tabs directly.'
      : 'This browser has no WebRTC, so it cannot reach other tabs directly. Switch WebRTC on in its settings or extensions, or use another browser.',
  }
}

function relay({ relays }: NodeSnapshot['network']): PreflightCheck {
  const reserved = relays.find(({ state }) => state === 'reserved')
  const [first] = relays
  return {
    id: 'relay',
    label: 'Relay',
    state: reserved !== undefined ? 'ok' : first?.state === 'connecting' ? 'warning' : 'failed',
    detail:
      reserved !== undefined
        ? `Connected to ${reserved.place}.`
        : first === undefined
          ? 'No relay is known. Open the page from a relay, or add ?relay=MULTIADDR to its address.'
          : `${first.place}: ${first.detail || 'not reached yet'}. The page goes on trying; check that the relay runs and that this network lets WebSockets through.`,
  }
}

function storage({ persistent, detail }: StoreFiles): PreflightCheck {
  return {
    id: 'storage',
    label: 'Storage',
    state: persistent ? 'ok' : 'warning',
    detail: persistent
      ? 'Jobs and your key are kept in this browser.'
      : detail ||
        'This browser keeps nothing (a private window, or storage is switched off): jobs and your key last until the tab is closed.',
  }
}
