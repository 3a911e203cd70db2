import { Button, Group } from '@mantine/core'
import { say } from '../texts/say.ts'

interface DialogButtonsProps {
  /** What the form does. */
  label: string
  isPending: boolean
  isDestructive?: boolean
  onClose: () => void
}

/** The end of a form in a dialog: it is left, or sent. */
export function DialogButtons({ label, isPending, isDestructive = false, onClose }: DialogButtonsProps) {
  return (
    <Group justify="flex-end">
      <Button variant="default" onClick={onClose} disabled={isPending}>
        {say('common.cancel')}
      </Button>
      <Button type="submit" color={isDestructive ? 'red' : undefined} loading={isPending}>
        {label}
      </Button>
    </Group>
  )
}
