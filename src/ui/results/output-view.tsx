import { Text } from '@mantine/core'
import type { JobOutput } from '../../node/api.ts'
import { BytesView } from './bytes-view.tsx'
import { isMatrix } from './elements.ts'
import { ImageView } from './image-view.tsx'
import { MatrixView } from './matrix-view.tsx'
import { PlotView } from './plot-view.tsx'
import { TableView } from './table-view.tsx'
import { nothingHere } from './progress-sentence.ts'
import { isDrawable } from './tiles.ts'

interface Props {
  output: JobOutput
  /** Chunks of the job that are computed, whether their data is here or not. */
  computed: number
}

/** The output in the form that its kernel asks for. */
export function OutputView({ output, computed }: Props) {
  // An image keeps its place while it is empty; numbers that are all zero would look like a result.
  if (output.kernel.manifest.preview !== 'image' && output.chunkStates.every((state) => state === 'missing'))
    return <Text c="dimmed">{nothingHere(computed)}</Text>
  switch (output.kernel.manifest.preview) {
    case 'image':
      return isDrawable(output) ? (
        <ImageView output={output} computed={computed} />
      ) : (
        <Text c="dimmed">This image is too large to be drawn here. Its bytes can be downloaded once all of it is there.</Text>
      )
    case 'plot':
      return <PlotView output={output} />
    case 'table':
      return <TableView output={output} />
    case 'bytes':
      return isMatrix(output) ? <MatrixView output={output} /> : <BytesView output={output} />
  }
}
