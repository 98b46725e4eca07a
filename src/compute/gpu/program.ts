import type { Kernel, KernelManifest } from '../../domain/kernel.ts'
import { EngineError } from '../errors.ts'
import { checkKernel } from '../wgsl/check.ts'
import { compileToShader } from '../wgsl/gpu-backend.ts'

/** A kernel that is ready to be dispatched on one device. */
export interface GpuProgram {
  manifest: KernelManifest
  main: GPUComputePipeline
  fold: GPUComputePipeline | null
  layout: GPUBindGroupLayout
  tables: Uint8Array
  resultWords: number
}

/** Builds pipelines for a kernel. Throws `KernelError` for the kernel's faults, {@link EngineError} for the browser's. */
export async function buildProgram(device: GPUDevice, kernel: Kernel): Promise<GpuProgram> {
  const { manifest } = kernel
  const shader = compileToShader(checkKernel(kernel), manifest)
  const types: GPUBufferBindingType[] = ['read-only-storage', 'read-only-storage', 'read-only-storage', 'storage', 'storage']
  const layout = device.createBindGroupLayout({
    entries: types.map((type, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } })),
  })
  const main = await pipeline(device, manifest.name, shader.code, device.createPipelineLayout({ bindGroupLayouts: [layout] }))
  const fold = shader.fold === null ? null : await pipeline(device, `${manifest.name} fold`, shader.fold, 'auto')
  return { manifest, main, fold, layout, tables: shader.tables, resultWords: shader.resultWords }
}

async function pipeline(device: GPUDevice, label: string, code: string, layout: GPUPipelineLayout | 'auto'): Promise<GPUComputePipeline> {
  const module = device.createShaderModule({ label, code })
  try {
    return await device.createComputePipelineAsync({ label, layout, compute: { module, entryPoint: 'main' } })
  } catch (error) {
    const { messages } = await module.getCompilationInfo()
    const first = messages.find((message) => message.type === 'error')?.message ?? (error instanceof Error ? error.message : String(error))
    throw new EngineError(`this browser's WebGPU does not take the shader made of ${label}: ${first}`)
  }
}
