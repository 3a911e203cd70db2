import { Checkbox, type CheckboxProps } from '@mantine/core'

/** Whether sessions end now whose users lose a scope. */
export function EndSessionsChoice(props: CheckboxProps) {
  return (
    <Checkbox
      label="End the sessions of users who lose a scope now"
      description="Their tokens are refused at once, and they have to sign in again. Without this, the scope is gone at the next refresh of each session."
      {...props}
    />
  )
}

/** What a change says that may have ended sessions. */
export function endedSessionsText(count: number): string {
  if (count === 0) return ''
  return count === 1 ? ' One session has ended.' : ` ${count} sessions have ended.`
}
