import { Button, Group } from '@mantine/core'
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { useLocation, useNavigate, useSearchParams } from 'react-router'
import { say } from '../texts/say.ts'

export interface CursorPages {
  /** The cursor of the current page; `undefined` for the first one. */
  cursor: string | undefined
  isFirst: boolean
  goNext: (cursor: string) => void
  goPrevious: () => void
}

/**
 * The way through the list of a page, whose parts know only the next one. It stands in the address of the page, so that Back
 * finds it again; another filter makes another address, and begins at the first part.
 * @param parameter of the address: another one for each list of a page
 */
export function useCursorPages(parameter = 'cursor'): CursorPages {
  const [params] = useSearchParams()
  const { state } = useLocation()
  const navigate = useNavigate()
  const cursor = params.get(parameter) ?? undefined
  const former = formerOf(state, parameter)
  const go = (to: string | undefined, before: string[]) => {
    const search = new URLSearchParams(params)
    if (to) search.set(parameter, to)
    else search.delete(parameter)
    navigate({ search: search.toString() }, { state: { ...state, [parameter]: before } })
  }
  return {
    cursor,
    isFirst: cursor === undefined,
    goNext: (next) => go(next, [...former, cursor ?? '']),
    goPrevious: () => go(former.at(-1), former.slice(0, -1))
  }
}

/** The cursors of the parts before this one. An address that was opened as it is has none, and leads to the first part. */
function formerOf(state: unknown, parameter: string): string[] {
  const former = ((state ?? {}) as Record<string, unknown>)[parameter]
  return Array.isArray(former) ? former.map(String) : []
}

interface PagerProps {
  pages: CursorPages
  next: string | null
  isLoading: boolean
  /** The items of the list, for the name of the landmark. */
  of: string
}

export function Pager({ pages, next, isLoading, of }: PagerProps) {
  if (pages.isFirst && next === null) return null
  return (
    <Group component="nav" aria-label={say('common.pagesOf', { what: of })} justify="flex-end" gap="xs">
      <Button
        variant="default"
        size="xs"
        leftSection={<IconChevronLeft size={16} aria-hidden />}
        disabled={pages.isFirst || isLoading}
        onClick={pages.goPrevious}
      >
        {say('common.previous')}
      </Button>
      <Button
        variant="default"
        size="xs"
        rightSection={<IconChevronRight size={16} aria-hidden />}
        disabled={next === null || isLoading}
        onClick={() => next !== null && pages.goNext(next)}
      >
        {say('common.next')}
      </Button>
    </Group>
  )
}
