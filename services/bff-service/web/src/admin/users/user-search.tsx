import { TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useEffect, useRef } from 'react'
import { useLocation } from 'react-router'
import { withinPages } from '../../session/return-path.ts'
import { say } from '../../texts/say.ts'

const maxLength = 64

interface UserSearchProps {
  search: string
  onSearch: (search: string) => void
}

/** Searches while somebody types, and at Enter, which also reads what was filled in without an event. */
export function UserSearch({ search, onSearch }: UserSearchProps) {
  const field = useRef<HTMLInputElement>(null)
  const applied = useRef(search)
  const apply = () => {
    const text = field.current?.value.trim().slice(0, maxLength) ?? ''
    if (text === applied.current) return
    applied.current = text
    onSearch(text)
  }
  const { pathname } = useLocation()
  const applySoon = useDebouncedCallback(() => {
    // A link was followed, and its page is about to be shown: a search now would come back from it.
    if (withinPages(window.location.pathname) === pathname) apply()
  }, 250)
  useEffect(() => {
    // The address was changed by something else, a link or Back: the field follows. What is being typed stays.
    if (search === applied.current) return
    applied.current = search
    if (field.current) field.current.value = search
  }, [search])
  return (
    <search>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          apply()
        }}
      >
        <TextInput
          ref={field}
          type="search"
          name="search"
          label={say('admin.users.search')}
          description={say('admin.users.searchText')}
          leftSection={<IconSearch size={16} aria-hidden />}
          maw={400}
          maxLength={maxLength}
          autoComplete="off"
          spellCheck={false}
          defaultValue={search}
          onChange={applySoon}
        />
      </form>
    </search>
  )
}
