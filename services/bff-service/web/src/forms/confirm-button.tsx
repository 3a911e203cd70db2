import { Button, type ButtonProps, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { ReactNode } from 'react'
import { showSuccess } from '../components/show-message.ts'
import { ConfirmDialog } from './confirm-dialog.tsx'

/** The mutation that a confirmation starts. */
export interface ConfirmedChange<Variables> {
  mutate: (variables: Variables, options: { onSuccess: () => void }) => void
  reset: () => void
  isPending: boolean
  error: unknown
}

interface ConfirmButtonProps<Variables> extends Pick<ButtonProps, 'variant' | 'color' | 'size'> {
  label: string
  'aria-label'?: string
  /** The question. */
  title: string
  confirmLabel: string
  isDestructive?: boolean
  /** Asks for a text for the audit log. */
  withReason?: boolean
  change: ConfirmedChange<Variables>
  variablesOf: (reason: string | undefined) => Variables
  /** Shown when it is done, unless the mutation has its own message. */
  success?: string
  onSuccess?: () => void
  /** A field below the text, whose value `variablesOf` knows. */
  choice?: ReactNode
  /** What will happen. */
  children: ReactNode
}

/** A button that asks before it changes something. Asking again clears the error of the last try. */
export function ConfirmButton<Variables>(props: ConfirmButtonProps<Variables>) {
  const { label, title, confirmLabel, isDestructive, withReason, change, ...rest } = props
  const { variablesOf, success, onSuccess, choice, children, ...button } = rest
  const [isOpen, { open, close }] = useDisclosure()
  const start = () => {
    change.reset()
    open()
  }
  const confirm = (reason: string | undefined) =>
    change.mutate(variablesOf(reason), {
      onSuccess: () => {
        close()
        if (success) showSuccess(success)
        onSuccess?.()
      }
    })
  return (
    <>
      <Button {...button} onClick={start}>
        {label}
      </Button>
      <ConfirmDialog
        title={title}
        confirmLabel={confirmLabel}
        {...(isDestructive !== undefined && { isDestructive })}
        {...(withReason !== undefined && { withReason })}
        isOpen={isOpen}
        isPending={change.isPending}
        error={change.error}
        onConfirm={confirm}
        onClose={close}
      >
        <Stack>
          <Text size="sm">{children}</Text>
          {choice}
        </Stack>
      </ConfirmDialog>
    </>
  )
}
