import { Stack, Text } from '@mantine/core'
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '../api/request.ts'
import type { App, AppPage } from '../api/types.ts'
import { ClientBadge } from '../components/client-badge.tsx'
import { Pager, useCursorPages } from '../components/cursor-pages.tsx'
import { DateTime } from '../components/date-time.tsx'
import { QueryResult } from '../components/query-result.tsx'
import { ScopeList } from '../components/scope-list.tsx'
import classes from '../components/session-list.module.css'
import { ConfirmButton } from '../forms/confirm-button.tsx'
import { Section } from '../layout/section.tsx'
import { say } from '../texts/say.ts'

const appsKey = ['account', 'apps'] as const

/** The apps that the user has let in, with what each may do. Their logos are not loaded: each would learn when its users look here. */
export function AppsSection() {
  const pages = useCursorPages('apps')
  const apps = useQuery({
    queryKey: [...appsKey, pages.cursor],
    queryFn: ({ signal }) =>
      request<AppPage>('/account/auth/me/apps', { query: { cursor: pages.cursor, limit: 10 }, signal }),
    placeholderData: keepPreviousData
  })
  return (
    <Section title={say('apps.title')} lead={say('apps.lead')}>
      <QueryResult query={apps}>
        {({ apps: list, next_cursor }) => (
          <>
            <AppList apps={list} />
            <Pager pages={pages} next={next_cursor} isLoading={apps.isPlaceholderData} of={say('apps.list')} />
          </>
        )}
      </QueryResult>
    </Section>
  )
}

function AppList({ apps }: { apps: readonly App[] }) {
  if (apps.length === 0) return <Text c="dimmed">{say('apps.empty')}</Text>
  return (
    <ul className={classes.list}>
      {apps.map((app) => (
        <li key={app.client_id} className={classes.row}>
          <Stack gap="xs" className={classes.description}>
            <ClientBadge name={app.name}>
              <Text fw={600}>{app.name}</Text>
              <Text size="sm" c="dimmed">
                {say('apps.since')} <DateTime value={app.granted_at} />
                {app.last_used_at && (
                  <>
                    {' '}
                    · {say('apps.lastUsed')} <DateTime value={app.last_used_at} isRelative />
                  </>
                )}
              </Text>
            </ClientBadge>
            <ScopeList scopes={app.scopes} />
          </Stack>
          <EndAccess app={app} />
        </li>
      ))}
    </ul>
  )
}

function EndAccess({ app: { client_id, name, sessions } }: { app: App }) {
  const client = useQueryClient()
  const end = useMutation({
    mutationFn: () => request(`/account/auth/me/apps/${encodeURIComponent(client_id)}`, { method: 'DELETE' }),
    // Not awaited: the row and its button go with the new list, and the message must come before.
    onSettled: () => {
      void client.invalidateQueries({ queryKey: appsKey })
    }
  })
  return (
    <ConfirmButton
      label={say('apps.end')}
      aria-label={say('apps.endOf', { name })}
      variant="default"
      size="xs"
      title={say('apps.endTitle', { name })}
      confirmLabel={say('apps.end')}
      change={end}
      variablesOf={() => undefined}
      success={say('apps.ended', { name })}
    >
      {sessions === 0 ? say('apps.endIdle') : say('apps.endText', { count: sessions })}
    </ConfirmButton>
  )
}
