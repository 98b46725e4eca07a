import { useEffect, useState } from 'react'
import type { RoomfulNode, SubmitPreview, SubmitRequest } from '../../node/api.ts'
import { useUi } from '../state/ui.ts'

/** Typing rests this long before a preview is made, ms. */
const REST_MS = 200

interface Cost {
  preview: SubmitPreview | null
  /** Why the job cannot be cut or the kernel is refused; empty when it can. */
  error: string
  /** It is about this very request, not about the one before the last change. */
  current: boolean
}

const NOTHING: Cost = { preview: null, error: '', current: false }

/** What the request would cost, a moment after it last changed; nothing while there is no request. */
export function usePreview(request: SubmitRequest | null): Cost {
  const node = useUi((state) => state.node)
  const [cost, setCost] = useState<Cost & { of: SubmitRequest | null }>({ ...NOTHING, of: null })
  useEffect(() => {
    if (request === null || node === null) return
    let isPast = false
    const timer = setTimeout(async () => {
      const cost = await costOf(node, request)
      if (!isPast) setCost({ ...cost, of: request })
    }, REST_MS)
    return () => {
      isPast = true
      clearTimeout(timer)
    }
  }, [node, request])
  if (request === null) return NOTHING
  // While somebody types the last preview stays; what was wrong with the last request says nothing of this one.
  return cost.of === request ? cost : { preview: cost.preview, error: '', current: false }
}

async function costOf(node: RoomfulNode, request: SubmitRequest): Promise<Cost> {
  try {
    return { preview: await node.preview(request), error: '', current: true }
  } catch (cause) {
    return { preview: null, error: cause instanceof Error ? cause.message : String(cause), current: true }
  }
}
