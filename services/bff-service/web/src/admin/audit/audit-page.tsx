import { Group, Pill, Text } from '@mantine/core'
import { useSearchParams } from 'react-router'
import { Pager, useCursorPages } from '../../components/cursor-pages.tsx'
import { DataTable } from '../../components/data-table.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { useAuditEvents } from './audit-api.ts'
import { auditColumns } from './audit-columns.tsx'
import { type AuditFilter, filterOf, searchOf } from './audit-filter.ts'
import { AuditFilterForm } from './audit-filter-form.tsx'

const subjects = [
  ['user_id', 'User'],
  ['session_id', 'Session'],
  ['client_id', 'Client']
] as const

export function AuditPage() {
  const [params, setParams] = useSearchParams()
  const filter = filterOf(params)
  const filterKey = JSON.stringify(filter)
  const change = (next: AuditFilter) => setParams(searchOf(next))
  const pages = useCursorPages()
  const events = useAuditEvents(filter, pages.cursor)
  return (
    <Page title="Audit log" lead="What happened to accounts, sessions, clients and keys; the newest first.">
      <Section title="Filter">
        <Subjects filter={filter} onChange={change} />
        <AuditFilterForm key={filterKey} filter={filter} onChange={change} />
      </Section>
      <Section title="Events">
        <QueryResult query={events}>
          {({ events: rows, next_cursor }) => (
            <>
              <DataTable
                label="Events"
                columns={auditColumns}
                rows={rows}
                keyOf={({ id }) => id}
                isLoading={events.isPlaceholderData}
                empty="No event fits. Widen the filter, or clear it."
              />
              <Pager pages={pages} next={next_cursor} isLoading={events.isPlaceholderData} of="events" />
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
      <Text size="sm">Only</Text>
      {given.map(([name, label]) => (
        <Pill
          key={name}
          withRemoveButton
          removeButtonProps={{ 'aria-label': `Remove the filter: ${label}`, tabIndex: 0, 'aria-hidden': false }}
          onRemove={() => onChange({ ...filter, [name]: undefined })}
        >
          {label} {filter[name]}
        </Pill>
      ))}
    </Group>
  )
}
