import { Modal, Stack, TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { ErrorAlert } from '../components/error-alert.tsx'
import { say } from '../texts/say.ts'
import { DialogButtons } from './dialog-buttons.tsx'
import { usePageForm } from './page-form.ts'

interface ConfirmDialogProps {
  title: string
  confirmLabel: string
  isOpen: boolean
  isPending: boolean
  error: unknown
  isDestructive?: boolean
  /** Asks for a text for the audit log. */
  withReason?: boolean
  onConfirm: (reason: string | undefined) => void
  onClose: () => void
  /** What will happen. */
  children: ReactNode
}

/** Asks before something that cannot be undone. It stays open, with the reason, when it fails. */
export function ConfirmDialog({ isOpen, title, isPending, onClose, ...content }: ConfirmDialogProps) {
  return (
    <Modal opened={isOpen} onClose={() => !isPending && onClose()} title={title}>
      <DialogForm isPending={isPending} onClose={onClose} {...content} />
    </Modal>
  )
}

type DialogFormProps = Omit<ConfirmDialogProps, 'isOpen' | 'title'>

function DialogForm(props: DialogFormProps) {
  const {
    confirmLabel,
    isPending,
    error,
    isDestructive = true,
    withReason = false,
    onConfirm,
    onClose,
    children
  } = props
  const form = usePageForm({ initialValues: { reason: '' } })
  const submit = form.onSubmit(({ reason }) => {
    if (!isPending) onConfirm(reason.trim() || undefined)
  })
  return (
    <form noValidate onSubmit={submit}>
      <Stack>
        <div>{children}</div>
        {withReason && (
          <TextInput
            label={say('common.reason')}
            description={say('common.reasonUse')}
            maxLength={200}
            key={form.key('reason')}
            {...form.getInputProps('reason')}
          />
        )}
        {error ? <ErrorAlert error={error} /> : null}
        <DialogButtons label={confirmLabel} isPending={isPending} isDestructive={isDestructive} onClose={onClose} />
      </Stack>
    </form>
  )
}
