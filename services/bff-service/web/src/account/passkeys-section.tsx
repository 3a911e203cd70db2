import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { Passkey } from '../api/types.ts'
import { AddedAndLastUsed } from '../components/added-and-last-used.tsx'
import { deviceOf } from '../components/device.ts'
import { QueryResult } from '../components/query-result.tsx'
import classes from '../components/session-list.module.css'
import { showSuccess } from '../components/show-message.ts'
import { StatusBadge } from '../components/status-badge.tsx'
import { ConfirmButton } from '../forms/confirm-button.tsx'
import { DialogButtons } from '../forms/dialog-buttons.tsx'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { Section } from '../layout/section.tsx'
import { useOffers } from '../session/offers.ts'
import { hasPasskeys, registrationRefusal } from '../session/passkey-ceremonies.ts'
import { say } from '../texts/say.ts'
import { useAddPasskey, usePasskeys, useRemovePasskey, useRenamePasskey } from './passkeys-api.ts'

export function PasskeysSection() {
  const offers = useOffers()
  return offers?.passkeys ? <OwnPasskeys /> : null
}

function OwnPasskeys() {
  return (
    <Section title={say('passkeys.title')} lead={say('passkeys.lead')} actions={hasPasskeys() && <AddPasskey />}>
      {!hasPasskeys() && <Text size="sm">{say('passkeys.unsupported')}</Text>}
      <QueryResult query={usePasskeys()}>{({ passkeys }) => <List passkeys={passkeys} />}</QueryResult>
    </Section>
  )
}

function List({ passkeys }: { passkeys: readonly Passkey[] }) {
  const remove = useRemovePasskey()
  if (passkeys.length === 0) return <Text c="dimmed">{say('passkeys.none')}</Text>
  return (
    <ul className={classes.list}>
      {passkeys.map((passkey) => (
        <li key={passkey.id} className={classes.row}>
          <Description passkey={passkey} />
          <Group gap="xs">
            <RenamePasskey passkey={passkey} />
            <ConfirmButton
              label={say('passkeys.remove')}
              aria-label={say('passkeys.removeOf', { name: passkey.name })}
              variant="default"
              size="xs"
              title={say('passkeys.removeTitle', { name: passkey.name })}
              confirmLabel={say('passkeys.remove')}
              isDestructive
              change={remove}
              variablesOf={() => passkey.id}
              success={say('passkeys.removed')}
            >
              {say('passkeys.removeText')}
            </ConfirmButton>
          </Group>
        </li>
      ))}
    </ul>
  )
}

function Description({ passkey: { name, synced, created_at, last_used_at } }: { passkey: Passkey }) {
  return (
    <div className={classes.description}>
      <div className={classes.device}>
        <Text span fw={600}>
          {name}
        </Text>
        {synced && <StatusBadge tone="good">{say('passkeys.synced')}</StatusBadge>}
      </div>
      <Text size="sm" c="dimmed">
        <AddedAndLastUsed addedAt={created_at} lastUsedAt={last_used_at} />
      </Text>
    </div>
  )
}

function AddPasskey() {
  const [isOpen, { open, close }] = useDisclosure()
  const add = useAddPasskey()
  return (
    <>
      <Button variant="default" size="xs" onClick={open}>
        {say('passkeys.add')}
      </Button>
      <Modal opened={isOpen} onClose={close} title={say('passkeys.add')}>
        <NameForm
          name={deviceOf(navigator.userAgent)}
          text={say('passkeys.addText')}
          label={say('passkeys.add')}
          isPending={add.isPending}
          refusalOf={registrationRefusal}
          onClose={close}
          onSubmit={(name, onError) =>
            add.mutate(name, {
              onSuccess: () => {
                close()
                showSuccess(say('passkeys.added'))
              },
              onError
            })
          }
        />
      </Modal>
    </>
  )
}

function RenamePasskey({ passkey: { id, name } }: { passkey: Passkey }) {
  const [isOpen, { open, close }] = useDisclosure()
  const rename = useRenamePasskey()
  return (
    <>
      <Button variant="default" size="xs" aria-label={say('passkeys.renameOf', { name })} onClick={open}>
        {say('passkeys.rename')}
      </Button>
      <Modal opened={isOpen} onClose={close} title={say('passkeys.renameOf', { name })}>
        <NameForm
          name={name}
          label={say('passkeys.rename')}
          isPending={rename.isPending}
          onClose={close}
          onSubmit={(chosen, onError) =>
            rename.mutate(
              { id, name: chosen },
              {
                onSuccess: () => {
                  close()
                  showSuccess(say('passkeys.renamed'))
                },
                onError
              }
            )
          }
        />
      </Modal>
    </>
  )
}

interface NameFormProps {
  name: string
  text?: string
  label: string
  isPending: boolean
  /** A sentence for an error that has none of its own. */
  refusalOf?: (error: unknown) => string | undefined
  onClose: () => void
  onSubmit: (name: string, onError: (error: unknown) => void) => void
}

function NameForm({ name, text, label, isPending, refusalOf, onClose, onSubmit }: NameFormProps) {
  const form = usePageForm({
    initialValues: { name },
    validate: { name: (typed) => (typed.trim() ? null : say('passkeys.nameMissing')) }
  })
  const submit = form.onSubmit((values) => {
    if (!isPending) onSubmit(values.name.trim(), (error) => form.refuse(error))
  })
  return (
    <form method="post" noValidate onSubmit={submit}>
      <Stack>
        {text && <Text size="sm">{text}</Text>}
        <TextInput
          label={say('passkeys.name')}
          description={say('passkeys.nameText')}
          autoComplete="off"
          required
          maxLength={64}
          data-autofocus
          key={form.key('name')}
          {...form.getInputProps('name')}
        />
        <FormProblem form={form} message={form.problem ? refusalOf?.(form.problem) : undefined} />
        <DialogButtons label={label} isPending={isPending} onClose={onClose} />
      </Stack>
    </form>
  )
}
