import type { EngineReport } from '../../room/ports.ts'

/** A WebGPU device with what is known of its adapter. */
export interface GpuDevice {
  device: GPUDevice
  report: EngineReport
}

const NO_WEBGPU = 'this browser has no WebGPU'
const NO_ADAPTER = 'WebGPU found no adapter; after a crash of the GPU process the browser must be restarted'

/** Asks for an adapter and a device. Never throws: `device` is null where there is none, and the report says why. */
export async function openDevice(): Promise<{ device: GPUDevice | null; report: EngineReport }> {
  const none = (reason: string, device = ''): { device: null; report: EngineReport } => ({
    device: null,
    report: { kind: 'webgpu', available: false, device, fallback: false, reason },
  })
  const gpu = globalThis.navigator?.gpu
  if (gpu === undefined) return none(globalThis.isSecureContext === false ? 'WebGPU needs a secure origin: https or localhost' : NO_WEBGPU)
  let words = ''
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
    if (adapter === null) return none(NO_ADAPTER)
    words = describe(adapter.info)
    const device = await adapter.requestDevice()
    const fallback = adapter.info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(words)
    return { device, report: { kind: 'webgpu', available: true, device: words, fallback, reason: '' } }
  } catch (error) {
    return none(`the adapter gave no device: ${error instanceof Error ? error.message : String(error)}`, words)
  }
}

function describe(info: GPUAdapterInfo): string {
  const words = [info.description || info.device, info.vendor, info.architecture].filter((word) => word !== '')
  return words.length > 0 ? [...new Set(words)].join(', ') : 'an adapter that does not say what it is'
}
