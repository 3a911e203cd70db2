import { Checkbox, type CheckboxProps } from '@mantine/core'
import { say } from '../texts/say.ts'

/** Whether sessions end now whose users lose a scope. */
export function EndSessionsChoice(props: CheckboxProps) {
  return <Checkbox label={say('admin.sessions.end')} description={say('admin.sessions.endText')} {...props} />
}

/** What a change says that may have ended sessions. */
export function endedSessionsText(count: number): string {
  return count === 0 ? '' : ` ${say('admin.sessions.ended', { count })}`
}
