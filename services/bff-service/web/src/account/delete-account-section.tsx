import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useNavigate } from 'react-router'
import { ConfirmDialog } from '../forms/confirm-dialog.tsx'
import { Section } from '../layout/section.tsx'
import { useSignedIn } from '../session/session.ts'
import { say } from '../texts/say.ts'
import { useDeleteAccount } from './account-api.ts'

export function DeleteAccountSection() {
  const { username } = useSignedIn()
  const deletion = useDeleteAccount()
  const navigate = useNavigate()
  const [isOpen, { open, close }] = useDisclosure()
  const confirm = () =>
    deletion.mutate(undefined, {
      onSuccess: ({ deletion_at }) => navigate('/account-deletion', { replace: true, state: deletion_at })
    })
  return (
    <Section title={say('deletion.title')} lead={say('deletion.lead')}>
      <div>
        <Button variant="light" color="red" onClick={open}>
          {say('deletion.title')}
        </Button>
      </div>
      <ConfirmDialog
        title={say('deletion.question', { name: username })}
        confirmLabel={say('deletion.title')}
        isOpen={isOpen}
        isPending={deletion.isPending}
        error={deletion.error}
        onConfirm={confirm}
        onClose={close}
      >
        <Text size="sm">{say('deletion.text')}</Text>
      </ConfirmDialog>
    </Section>
  )
}
