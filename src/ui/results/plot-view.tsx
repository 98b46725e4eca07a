import { Text } from '@mantine/core'
import { useEffect, useMemo, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { JobOutput } from '../../node/api.ts'
import { decimal } from '../view/format.ts'
import { columnTitles, itemCount, plotColumns } from './elements.ts'

const POINTS = 2000
const HEIGHT = 320

/** The first value of each item as a line. */
export function PlotView({ output }: { output: JobOutput }) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const columns = useMemo(() => plotColumns(output.kernel.manifest, output.output, POINTS), [output])
  const [head] = columnTitles(output)
  useEffect(() => {
    const element = place.current
    if (element === null) return
    const stroke = getComputedStyle(element).color
    const axis = { stroke, grid: { stroke: 'rgb(128 128 128 / 0.25)' } }
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        scales: { x: { time: false } },
        axes: [axis, axis],
        series: [{ label: 'Item' }, { label: head, stroke: '#259482', width: 1.5 }],
      },
      [[], []],
      element,
    )
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
    }
  }, [head])
  useEffect(() => plot.current?.setData(columns), [columns])
  const values = columns[1]
  const summary =
    values.length === 0
      ? 'There is nothing to plot yet.'
      : `${itemCount(output.kernel.manifest, output.output)} items, from ${decimal(values.reduce((a, b) => Math.min(a, b)))} to ${decimal(values.reduce((a, b) => Math.max(a, b)))}.`
  return (
    <figure className="plot">
      <div ref={place} role="img" aria-label={`Plot: ${summary}`} />
      <Text component="figcaption" size="sm" c="dimmed">
        {summary}
      </Text>
    </figure>
  )
}
