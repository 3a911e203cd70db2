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
import { useInvitations, useSendAgain, useWithdraw } from './invitations-api.ts'
import { NewInvitationForm } from './new-invitation.tsx'

const columns: Column<Invitation>[] = [
  { label: 'E-mail', render: ({ email }) => email },
  { label: 'Roles', render: ({ roles }) => <Roles roles={roles} /> },
  { label: 'Invited by', render: ({ invited_by }) => inviterOf(invited_by) },
  { label: 'Good until', render: (invitation) => <GoodUntil invitation={invitation} /> },
  { label: 'Actions', render: (invitation) => <Actions invitation={invitation} /> }
]

/** The invitations that nobody has accepted. */
export function InvitationsPage() {
  const pages = useCursorPages()
  const invitations = useInvitations(pages.cursor)
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <Page
      title="Invitations"
      lead="A mail with a link that makes an account, also while registration is closed. The roles are given if the inviter is still an admin when it is accepted."
      actions={<Button onClick={open}>Invite somebody</Button>}
    >
      <Section title="Not accepted yet">
        <QueryResult query={invitations}>
          {({ invitations: rows, next_cursor }) => (
            <>
              <DataTable
                label="Invitations"
                columns={columns}
                rows={rows}
                keyOf={({ id }) => id}
                isLoading={invitations.isPlaceholderData}
                empty="No invitation waits."
              />
              <Pager pages={pages} next={next_cursor} isLoading={invitations.isPlaceholderData} of="invitations" />
            </>
          )}
        </QueryResult>
      </Section>
      <Modal opened={isOpen} onClose={close} title="Invite somebody" size="lg" closeOnClickOutside={false}>
        <NewInvitationForm onClose={close} />
      </Modal>
    </Page>
  )
}

function inviterOf(inviter: Invitation['invited_by']): string {
  return inviter ? (inviter.username ?? 'a deleted user') : 'the operator'
}

function GoodUntil({ invitation: { expires_at } }: { invitation: Invitation }) {
  const isExpired = new Date(expires_at).getTime() <= Date.now()
  return isExpired ? <StatusBadge tone="caution">Expired</StatusBadge> : <DateTime value={expires_at} />
}

function Actions({ invitation: { id, email } }: { invitation: Invitation }) {
  const send = useSendAgain()
  const sendAgain = () =>
    send.mutate(id, {
      onSuccess: () => showSuccess(`Another mail is on its way to ${email}. The former link is good no more.`),
      onError: (error) => showError('The mail is not sent', error)
    })
  return (
    <Group gap="xs">
      <Button
        variant="default"
        size="xs"
        aria-label={`Send again to ${email}`}
        loading={send.isPending}
        onClick={sendAgain}
      >
        Send again
      </Button>
      <ConfirmButton
        label="Withdraw"
        aria-label={`Withdraw the invitation of ${email}`}
        variant="light"
        color="red"
        size="xs"
        title={`Withdraw the invitation of ${email}?`}
        confirmLabel="Withdraw"
        change={useWithdraw()}
        variablesOf={() => id}
        success={`The invitation of ${email} is withdrawn.`}
      >
        The link in the mail makes no account any more.
      </ConfirmButton>
    </Group>
  )
}
