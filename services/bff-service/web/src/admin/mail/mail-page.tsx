import { Button, Text } from '@mantine/core'
import type { DeadMail } from '../../api/types.ts'
import { Pager, useCursorPages } from '../../components/cursor-pages.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { DateTime } from '../../components/date-time.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { showError, showSuccess } from '../../components/show-message.ts'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
import { useDeadMail, useRetryMail } from './mail-api.ts'

const columns = (): Column<DeadMail>[] => [
  { label: say('admin.mail.to'), render: ({ recipient }) => recipient },
  { label: say('admin.mail.kind'), render: ({ template }) => sentenceOf(template) },
  { label: say('admin.mail.givenUp'), render: ({ dead_at }) => <DateTime value={dead_at} /> },
  { label: say('admin.mail.tries'), render: ({ attempts }) => attempts },
  { label: say('admin.mail.reason'), render: ({ reason }) => reason || '–' },
  { label: say('admin.mail.action'), render: (mail) => <SendAgain mail={mail} /> }
]

/** Mail that was given up. */
export function MailPage() {
  const pages = useCursorPages()
  const mails = useDeadMail(pages.cursor)
  return (
    <Page title={say('admin.mail.title')} lead={say('admin.mail.lead')}>
      <Section title={say('admin.mail.givenUp')}>
        <QueryResult query={mails}>
          {({ mails: rows, next_cursor }) => (
            <>
              <DataTable
                label={say('admin.mail.table')}
                columns={columns()}
                rows={rows}
                keyOf={({ id }) => id}
                isLoading={mails.isPlaceholderData}
                empty={say('admin.mail.empty')}
              />
              <Pager pages={pages} next={next_cursor} isLoading={mails.isPlaceholderData} of={say('admin.mail.list')} />
            </>
          )}
        </QueryResult>
      </Section>
    </Page>
  )
}

function SendAgain({ mail: { id, recipient, can_be_retried } }: { mail: DeadMail }) {
  const retry = useRetryMail()
  if (!can_be_retried) {
    return (
      <Text size="sm" c="dimmed">
        {say('admin.mail.erased')}
      </Text>
    )
  }
  const send = () =>
    retry.mutate(id, {
      onSuccess: () => showSuccess(say('admin.mail.sentAgain', { recipient })),
      onError: (error) => showError(say('admin.mail.notSentAgain'), error)
    })
  return (
    <Button
      size="xs"
      variant="default"
      loading={retry.isPending}
      aria-label={say('admin.mail.sendOfAgain', { recipient })}
      onClick={send}
    >
      {say('admin.mail.sendAgain')}
    </Button>
  )
}

/** `password_changed`: “Password changed”. */
function sentenceOf(template: string): string {
  const words = template.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
