import { Group, Pill, Text } from '@mantine/core'
import { useSearchParams } from 'react-router'
import { Pager, useCursorPages } from '../../components/cursor-pages.tsx'
import { DataTable } from '../../components/data-table.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
import { useAuditEvents } from './audit-api.ts'
import { auditColumns } from './audit-columns.tsx'
import { type AuditFilter, filterOf, searchOf } from './audit-filter.ts'
import { AuditFilterForm } from './audit-filter-form.tsx'

const subjects = [
  ['user_id', 'admin.audit.user'],
  ['session_id', 'admin.audit.session'],
  ['client_id', 'admin.audit.client']
] as const

export function AuditPage() {
  const [params, setParams] = useSearchParams()
  const filter = filterOf(params)
  const filterKey = JSON.stringify(filter)
  const change = (next: AuditFilter) => setParams(searchOf(next))
  const pages = useCursorPages()
  const events = useAuditEvents(filter, pages.cursor)
  return (
    <Page title={say('admin.audit.title')} lead={say('admin.audit.lead')}>
      <Section title={say('admin.audit.filter')}>
        <Subjects filter={filter} onChange={change} />
        <AuditFilterForm key={filterKey} filter={filter} onChange={change} />
      </Section>
      <Section title={say('admin.audit.events')}>
        <QueryResult query={events}>
          {({ events: rows, next_cursor }) => (
            <>
              <DataTable
                label={say('admin.audit.events')}
                columns={auditColumns()}
                rows={rows}
                keyOf={({ id }) => id}
                isLoading={events.isPlaceholderData}
                empty={say('admin.audit.empty')}
              />
              <Pager
                pages={pages}
                next={next_cursor}
                isLoading={events.isPlaceholderData}
                of={say('admin.audit.list')}
              />
            </>
          )}
        </QueryResult>
      </Section>
    </Page>
  )
}

/** The filters that a link has set; each can be removed. */
function Subjects({ filter, onChange }: { filter: AuditFilter; onChange: (filter: AuditFilter) => void }) {
  const given = subjects.filter(([name]) => filter[name])
  if (given.length === 0) return null
  return (
    <Group gap="xs">
      <Text size="sm">{say('admin.audit.only')}</Text>
      {given.map(([name, label]) => (
        <Pill
          key={name}
          withRemoveButton
          removeButtonProps={{
            'aria-label': say('admin.audit.removeFilter', { name: say(label) }),
            tabIndex: 0,
            'aria-hidden': false
          }}
          onRemove={() => onChange({ ...filter, [name]: undefined })}
        >
          {say(label)} {filter[name]}
        </Pill>
      ))}
    </Group>
  )
}
