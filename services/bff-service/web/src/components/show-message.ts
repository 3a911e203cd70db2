import { notifications } from '@mantine/notifications'
import { isSessionEnd, messageOf } from '../api/api-error.ts'

const closeButtonProps = { 'aria-label': 'Dismiss' }

export function showSuccess(message: string): void {
  notifications.show({ message, color: 'green', closeButtonProps, role: 'status' })
}

/** The end of the session has a page of its own, and no message here. */
export function showError(title: string, error: unknown): void {
  if (isSessionEnd(error)) return
  notifications.show({ title, message: messageOf(error), color: 'red', closeButtonProps, autoClose: 10_000 })
}
