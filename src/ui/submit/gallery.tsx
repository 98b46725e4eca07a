import { Badge, Card, Group, SimpleGrid, Text, Title } from '@mantine/core'
import type { Kernel } from '../../domain/kernel.ts'
import { formatRoute } from '../state/route.ts'

const INPUTS = { image: 'takes a photo', matrix: 'takes matrices', bytes: 'takes a file' } as const
const PREVIEWS = { image: 'gives an image', plot: 'gives a plot', table: 'gives a table', bytes: 'gives bytes' } as const

/** The built-in kernels as templates. */
export function Gallery({ kernels }: { kernels: readonly Kernel[] }) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }}>
      {kernels.map(({ manifest }) => (
        <Card
          key={manifest.name}
          withBorder
          component="a"
          href={formatRoute({ place: 'submit', kernel: manifest.name })}
          className="template"
        >
          <Title order={2} size="h4">
            {manifest.title}
          </Title>
          <Text size="sm" c="dimmed" my="xs" className="grow">
            {manifest.description}
          </Text>
          <Group gap={6}>
            {manifest.input.kind === 'stream' && (
              <Badge className="state neutral" tt="none">
                {INPUTS[manifest.input.shape]}
              </Badge>
            )}
            <Badge className="state neutral" tt="none">
              {PREVIEWS[manifest.preview]}
            </Badge>
          </Group>
        </Card>
      ))}
    </SimpleGrid>
  )
}
