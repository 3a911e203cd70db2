import { Button, Group, NativeSelect, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { type AuditFilter, isoOf, localOf } from './audit-filter.ts'
import { eventTypeOptions } from './audit-sentences.ts'

interface AuditFilterFormProps {
  filter: AuditFilter
  onChange: (filter: AuditFilter) => void
}

export function AuditFilterForm({ filter, onChange }: AuditFilterFormProps) {
  const [type, setType] = useState(filter.type ?? '')
  const [username, setUsername] = useState(filter.username ?? '')
  const [from, setFrom] = useState(localOf(filter.since))
  const [until, setUntil] = useState(localOf(filter.until))
  const isBackwards = from !== '' && until !== '' && from > until
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isBackwards) return
    const { since: _since, until: _until, ...others } = filter
    onChange({ ...others, type, username: username.trim(), since: isoOf(from), until: isoOf(until) })
  }
  const hasFilter = Object.keys(filter).length > 0
  return (
    <search>
      <form noValidate onSubmit={submit}>
        <Stack gap="sm">
          <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
            <NativeSelect
              label="Event type"
              data={eventTypeOptions}
              value={type}
              onChange={(event) => setType(event.currentTarget.value)}
            />
            <TextInput
              label="Username"
              autoComplete="off"
              spellCheck={false}
              value={username}
              onChange={(event) => setUsername(event.currentTarget.value)}
            />
            <TextInput
              label="From"
              type="datetime-local"
              value={from}
              onChange={(event) => setFrom(event.currentTarget.value)}
            />
            <TextInput
              label="Until"
              type="datetime-local"
              value={until}
              error={isBackwards && 'This is before “From”.'}
              onChange={(event) => setUntil(event.currentTarget.value)}
            />
          </SimpleGrid>
          <Group justify="flex-end" gap="xs">
            {hasFilter && (
              <Button variant="default" size="sm" onClick={() => onChange({})}>
                Clear the filter
              </Button>
            )}
            <Button type="submit" size="sm">
              Apply
            </Button>
          </Group>
        </Stack>
      </form>
    </search>
  )
}
