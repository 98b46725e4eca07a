import type { Kernel } from '../../domain/kernel.ts'
import { checkKernel } from '../wgsl/check.ts'
import { compileToWasm } from '../wgsl/wasm-backend.ts'
import { KernelInstance } from './instance.ts'

/** Compiles a kernel and makes an instance of it. Throws `KernelError`. */
export function instantiate(kernel: Kernel): KernelInstance {
  const compiled = compileToWasm(checkKernel(kernel), kernel.manifest)
  const module = new WebAssembly.Module(compiled.bytes as Uint8Array<ArrayBuffer>)
  return new KernelInstance(module, kernel.manifest, compiled.heap)
}
