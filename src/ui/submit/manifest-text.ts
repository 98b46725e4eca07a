import type { KernelManifest } from '../../domain/kernel.ts'
import { readManifestValue } from '../../node/shapes.ts'

/** A manifest as JSON, to be read and changed by a person. */
export function manifestText(manifest: KernelManifest): string {
  return JSON.stringify(manifest, null, 2)
}

/** The manifest that the text says, or where and why it says none. */
export function readManifest(text: string): { manifest: KernelManifest } | { problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    return { problem: `The manifest is not JSON: ${cause instanceof Error ? cause.message : String(cause)}` }
  }
  const read = readManifestValue(value)
  return 'manifest' in read ? read : { problem: `The manifest’s ${read.fault}` }
}
