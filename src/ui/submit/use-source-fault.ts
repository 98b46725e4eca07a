import { useEffect, useState } from 'react'
import { checkKernel } from '../../compute/index.ts'
import type { Kernel } from '../../domain/kernel.ts'

/** Typing rests this long before the source is checked, ms. */
const REST_MS = 200

/** What is wrong with a kernel's source and where, a moment after it last changed; empty when it compiles. */
export function useSourceFault(kernel: Kernel | null): string {
  const [found, setFound] = useState<{ of: Kernel | null; fault: string }>({ of: null, fault: '' })
  useEffect(() => {
    if (kernel === null) return
    const timer = setTimeout(() => setFound({ of: kernel, fault: faultOf(kernel) }), REST_MS)
    return () => clearTimeout(timer)
  }, [kernel])
  return found.of === kernel ? found.fault : ''
}

function faultOf(kernel: Kernel): string {
  try {
    checkKernel(kernel)
    return ''
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}
