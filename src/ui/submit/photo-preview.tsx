import { useEffect, useRef } from 'react'
import type { Photo } from './photo.ts'

/** Longest side of the preview, in pixels. */
const SIDE = 480

/** The photo as it was decoded, small. */
export function PhotoPreview({ photo }: { photo: Photo }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const scale = Math.min(1, SIDE / Math.max(photo.width, photo.height))
  const width = Math.max(1, Math.round(photo.width * scale))
  const height = Math.max(1, Math.round(photo.height * scale))
  useEffect(() => {
    let shown = true
    const pixels = new ImageData(new Uint8ClampedArray(photo.bytes.buffer as ArrayBuffer), photo.width, photo.height)
    createImageBitmap(pixels, { resizeWidth: width, resizeHeight: height, resizeQuality: 'medium' }).then(
      (bitmap) => {
        if (shown) canvas.current?.getContext('2d')?.drawImage(bitmap, 0, 0)
        bitmap.close()
      },
      () => undefined,
    )
    return () => {
      shown = false
    }
  }, [photo, width, height])
  return (
    <canvas
      key={`${photo.name} ${width} ${height}`}
      ref={canvas}
      width={width}
      height={height}
      className="photo"
      role="img"
      aria-label={`The photo ${photo.name}`}
    />
  )
}
