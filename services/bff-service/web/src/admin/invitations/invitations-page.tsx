import { Button, Group, Modal } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { Invitation } from '../../api/types.ts'
import { Pager, useCursorPages } from '../../components/cursor-pages.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { DateTime } from '../../components/date-time.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Roles } from '../../components/roles.tsx'
import { showError, showSuccess } from '../../components/show-message.ts'
import { StatusBadge } from '../../components/status-badge.tsx'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
import { useInvitations, useSendAgain, useWithdraw } from './invitations-api.ts'
import { NewInvitationForm } from './new-invitation.tsx'

const columns = (): Column<Invitation>[] => [
  { label: say('admin.common.email'), render: ({ email }) => email },
  { label: say('admin.users.roles'), render: ({ roles }) => <Roles roles={roles} /> },
  { label: say('admin.invitations.by'), render: ({ invited_by }) => inviterOf(invited_by) },
  { label: say('admin.invitations.until'), render: (invitation) => <GoodUntil invitation={invitation} /> },
  { label: say('admin.common.actions'), render: (invitation) => <Actions invitation={invitation} /> }
]

/** The invitations that nobody has accepted. */
export function InvitationsPage() {
  const pages = useCursorPages()
  const invitations = useInvitations(pages.cursor)
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <Page
      title={say('admin.invitations.title')}
      lead={say('admin.invitations.lead')}
      actions={<Button onClick={open}>{say('admin.invitations.invite')}</Button>}
    >
      <Section title={say('admin.invitations.waiting')}>
        <QueryResult query={invitations}>
          {({ invitations: rows, next_cursor }) => (
            <>
              <DataTable
                label={say('admin.invitations.title')}
                columns={columns()}
                rows={rows}
                keyOf={({ id }) => id}
                isLoading={invitations.isPlaceholderData}
                empty={say('admin.invitations.empty')}
              />
              <Pager
                pages={pages}
                next={next_cursor}
                isLoading={invitations.isPlaceholderData}
                of={say('admin.invitations.list')}
              />
            </>
          )}
        </QueryResult>
      </Section>
      <Modal
        opened={isOpen}
        onClose={close}
        title={say('admin.invitations.invite')}
        size="lg"
        closeOnClickOutside={false}
      >
        <NewInvitationForm onClose={close} />
      </Modal>
    </Page>
  )
}

function inviterOf(inviter: Invitation['invited_by']): string {
  return inviter ? (inviter.username ?? say('admin.invitations.deletedUser')) : say('admin.invitations.operator')
}

function GoodUntil({ invitation: { expires_at } }: { invitation: Invitation }) {
  const isExpired = new Date(expires_at).getTime() <= Date.now()
  return isExpired ? (
    <StatusBadge tone="caution">{say('admin.invitations.expired')}</StatusBadge>
  ) : (
    <DateTime value={expires_at} />
  )
}

function Actions({ invitation: { id, email } }: { invitation: Invitation }) {
  const send = useSendAgain()
  const sendAgain = () =>
    send.mutate(id, {
      onSuccess: () => showSuccess(say('admin.invitations.sentAgain', { email })),
      onError: (error) => showError(say('admin.invitations.notSent'), error)
    })
  return (
    <Group gap="xs">
      <Button
        variant="default"
        size="xs"
        aria-label={say('admin.invitations.sendAgainTo', { email })}
        loading={send.isPending}
        onClick={sendAgain}
      >
        {say('admin.invitations.sendAgain')}
      </Button>
      <ConfirmButton
        label={say('admin.common.withdraw')}
        aria-label={say('admin.invitations.withdrawOf', { email })}
        variant="light"
        color="red"
        size="xs"
        title={say('admin.invitations.withdrawTitle', { email })}
        confirmLabel={say('admin.common.withdraw')}
        change={useWithdraw()}
        variablesOf={() => id}
        success={say('admin.invitations.withdrawn', { email })}
      >
        {say('admin.invitations.withdrawText')}
      </ConfirmButton>
    </Group>
  )
}
