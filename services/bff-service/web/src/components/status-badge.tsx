import { Badge } from '@mantine/core'
import type { ReactNode } from 'react'

const colors = { neutral: 'gray', accent: 'brand', good: 'green', caution: 'yellow', bad: 'red' }

export type Tone = keyof typeof colors

export function StatusBadge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <Badge
      variant="light"
      color={colors[tone]}
      tt="none"
      fw={600}
      radius="sm"
      // A long text is broken into lines, not cut off.
      style={{ verticalAlign: 'middle', height: 'auto', minHeight: 'var(--badge-height)' }}
      styles={{ label: { whiteSpace: 'normal', overflow: 'visible' } }}
    >
      {children}
    </Badge>
  )
}
