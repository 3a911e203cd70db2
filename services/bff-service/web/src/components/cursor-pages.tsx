import { Button, Group } from '@mantine/core'
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { useState } from 'react'

export interface CursorPages {
  /** The cursor of the page on show; `undefined` for the first one. */
  cursor: string | undefined
  isFirst: boolean
  goNext: (cursor: string) => void
  goPrevious: () => void
}

/** The way through a list whose pages know only the next one. Another `listKey` (a filter, say) begins at the first page. */
export function useCursorPages(listKey = ''): CursorPages {
  const [way, setWay] = useState({ listKey, cursors: [] as string[] })
  const cursors = way.listKey === listKey ? way.cursors : []
  return {
    cursor: cursors.at(-1),
    isFirst: cursors.length === 0,
    goNext: (cursor) => setWay({ listKey, cursors: [...cursors, cursor] }),
    goPrevious: () => setWay({ listKey, cursors: cursors.slice(0, -1) })
  }
}

interface PagerProps {
  pages: CursorPages
  next: string | null
  isLoading: boolean
  /** What the list holds, for the name of the landmark. */
  of: string
}

export function Pager({ pages, next, isLoading, of }: PagerProps) {
  if (pages.isFirst && next === null) return null
  return (
    <Group component="nav" aria-label={`Pages of ${of}`} justify="flex-end" gap="xs">
      <Button
        variant="default"
        size="xs"
        leftSection={<IconChevronLeft size={16} aria-hidden />}
        disabled={pages.isFirst || isLoading}
        onClick={pages.goPrevious}
      >
        Previous
      </Button>
      <Button
        variant="default"
        size="xs"
        rightSection={<IconChevronRight size={16} aria-hidden />}
        disabled={next === null || isLoading}
        onClick={() => next !== null && pages.goNext(next)}
      >
        Next
      </Button>
    </Group>
  )
}
