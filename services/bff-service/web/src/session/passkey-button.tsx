import { Button, Stack } from '@mantine/core'
import { IconFingerprint } from '@tabler/icons-react'
import { ErrorAlert } from '../components/error-alert.tsx'
import { passkeyRefusal } from './passkey-ceremonies.ts'

interface PasskeyButtonProps {
  label: string
  isPending: boolean
  error: unknown
  onClick: () => void
}

/** Asks for a passkey. What went wrong stands above it. */
export function PasskeyButton({ label, isPending, error, onClick }: PasskeyButtonProps) {
  return (
    <Stack gap="sm">
      <div role="status">{error ? <ErrorAlert error={error} message={passkeyRefusal(error)} /> : null}</div>
      <Button
        variant="default"
        fullWidth
        leftSection={<IconFingerprint size={18} aria-hidden />}
        loading={isPending}
        onClick={onClick}
      >
        {label}
      </Button>
    </Stack>
  )
}
