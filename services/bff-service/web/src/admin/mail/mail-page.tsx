import { Button, Text } from '@mantine/core'
import type { DeadMail } from '../../api/types.ts'
import { Pager, useCursorPages } from '../../components/cursor-pages.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { DateTime } from '../../components/date-time.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { showError, showSuccess } from '../../components/show-message.ts'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { useDeadMail, useRetryMail } from './mail-api.ts'

const columns: Column<DeadMail>[] = [
  { label: 'To', render: ({ recipient }) => recipient },
  { label: 'Mail', render: ({ template }) => sentenceOf(template) },
  { label: 'Given up', render: ({ dead_at }) => <DateTime value={dead_at} /> },
  { label: 'Tries', render: ({ attempts }) => attempts },
  { label: 'Reason', render: ({ reason }) => reason || '–' },
  { label: 'Action', render: (mail) => <SendAgain mail={mail} /> }
]

/** Mail that was given up. */
export function MailPage() {
  const pages = useCursorPages()
  const mails = useDeadMail(pages.cursor)
  return (
    <Page title="Mail" lead="Mail that was given up, since the mail server refused it or was away for too long.">
      <Section title="Given up">
        <QueryResult query={mails}>
          {({ mails: rows, next_cursor }) => (
            <>
              <DataTable
                label="Mail that was given up"
                columns={columns}
                rows={rows}
                keyOf={({ id }) => id}
                isLoading={mails.isPlaceholderData}
                empty="No mail was given up in the last 30 days."
              />
              <Pager pages={pages} next={next_cursor} isLoading={mails.isPlaceholderData} of="mail" />
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
        Its link was erased: the user asks for another.
      </Text>
    )
  }
  const send = () =>
    retry.mutate(id, {
      onSuccess: () => showSuccess(`The mail to ${recipient} is sent again.`),
      onError: (error) => showError('The mail could not be sent again', error)
    })
  return (
    <Button
      size="xs"
      variant="default"
      loading={retry.isPending}
      aria-label={`Send the mail to ${recipient} again`}
      onClick={send}
    >
      Send again
    </Button>
  )
}

/** `password_changed`: “Password changed”. */
function sentenceOf(template: string): string {
  const words = template.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
