import { notifications } from '@mantine/notifications'
import { isSessionChange, isSessionEnd, messageOf } from '../api/api-error.ts'
import { say } from '../texts/say.ts'

const closeButton = () => ({ 'aria-label': say('common.dismiss') })

export function showSuccess(message: string): void {
  notifications.show({ message, color: 'green', closeButtonProps: closeButton(), role: 'status' })
}

/** For a message that the user did not cause: it stays until it is dismissed. */
export function showNotice(message: string): void {
  notifications.show({ message, color: 'yellow', closeButtonProps: closeButton(), role: 'status', autoClose: false })
}

/** The end of the session has a page of its own, and no message here. */
export function showError(title: string, error: unknown): void {
  if (isSessionEnd(error) || isSessionChange(error)) return
  notifications.show({
    title,
    message: messageOf(error),
    color: 'red',
    closeButtonProps: closeButton(),
    autoClose: 10_000
  })
}
