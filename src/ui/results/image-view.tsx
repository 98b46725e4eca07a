import { Text } from '@mantine/core'
import { useEffect, useRef } from 'react'
import type { JobOutput } from '../../node/api.ts'
import { percent } from '../view/format.ts'
import { Painter } from './painter.ts'
import { nothingHere } from './progress-sentence.ts'

/** An image that fills in as chunks land; what is not verified yet lies behind a veil. */
export function ImageView({ output, computed }: { output: JobOutput; computed: number }) {
  const [width, height] = output.job.space
  const canvas = useRef<HTMLCanvasElement>(null)
  const painter = useRef<Painter | null>(null)
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    context.clearRect(0, 0, width, height)
    const mine = new Painter(context)
    painter.current = mine
    return () => mine.stop()
  }, [width, height])
  useEffect(() => painter.current?.update(output), [output])
  const there = output.chunkStates.filter((state) => state !== 'missing').length
  return (
    <figure className="image">
      <canvas
        ref={canvas}
        width={width}
        height={height}
        role="img"
        aria-label={`Image of ${width} × ${height} pixels, ${percent(there, output.chunkStates.length)} computed`}
      />
      {!output.verified && (
        <Text component="figcaption" size="sm" c="dimmed">
          {there === 0 ? nothingHere(computed) : 'What is veiled is computed but not verified yet.'}
        </Text>
      )}
    </figure>
  )
}
