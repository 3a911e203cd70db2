import { Button, Group, NativeSelect, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { usePageForm } from '../../forms/page-form.ts'
import { say } from '../../texts/say.ts'
import { type AuditFilter, isoOf, localOf } from './audit-filter.ts'
import { eventTypeOptions } from './audit-sentences.ts'

interface AuditFilterFormProps {
  filter: AuditFilter
  onChange: (filter: AuditFilter) => void
}

export function AuditFilterForm({ filter, onChange }: AuditFilterFormProps) {
  const form = usePageForm({
    initialValues: {
      type: filter.type ?? '',
      username: filter.username ?? '',
      from: localOf(filter.since),
      until: localOf(filter.until)
    },
    validate: { until: (until, { from }) => (from && until && from > until ? say('admin.audit.untilWish') : null) }
  })
  const submit = form.onSubmit(({ type, username, from, until }) => {
    const { since: _since, until: _until, ...others } = filter
    onChange({ ...others, type, username: username.trim(), since: isoOf(from), until: isoOf(until) })
  })
  const hasFilter = Object.keys(filter).length > 0
  return (
    <search>
      <form noValidate onSubmit={submit}>
        <Stack gap="sm">
          <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
            <NativeSelect
              label={say('admin.audit.type')}
              data={eventTypeOptions()}
              key={form.key('type')}
              {...form.getInputProps('type')}
            />
            <TextInput
              label={say('admin.common.username')}
              autoComplete="off"
              spellCheck={false}
              key={form.key('username')}
              {...form.getInputProps('username')}
            />
            <TextInput
              label={say('admin.audit.from')}
              type="datetime-local"
              key={form.key('from')}
              {...form.getInputProps('from')}
            />
            <TextInput
              label={say('admin.audit.until')}
              type="datetime-local"
              key={form.key('until')}
              {...form.getInputProps('until')}
            />
          </SimpleGrid>
          <Group justify="flex-end" gap="xs">
            {hasFilter && (
              <Button variant="default" size="sm" onClick={() => onChange({})}>
                {say('admin.audit.clear')}
              </Button>
            )}
            <Button type="submit" size="sm">
              {say('admin.audit.apply')}
            </Button>
          </Group>
        </Stack>
      </form>
    </search>
  )
}
