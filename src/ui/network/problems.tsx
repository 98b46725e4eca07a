import { List, Text } from '@mantine/core'
import type { Problem } from '../../node/api.ts'
import { time } from '../view/format.ts'

/** Most problems shown, the latest first. */
const SHOWN = 20

export function Problems({ problems }: { problems: Problem[] }) {
  if (problems.length === 0) return <Text c="dimmed">None.</Text>
  return (
    <List spacing={6} listStyleType="none">
      {problems
        .slice(-SHOWN)
        .toReversed()
        .map((problem) => (
          <List.Item key={`${problem.at} ${problem.code}`} data-code={problem.code}>
            <Text size="sm" span>
              {time(problem.at)}: {problem.message}
            </Text>
          </List.Item>
        ))}
    </List>
  )
}
