import { ChangeDisplayName } from '../forms/change-display-name.tsx'
import { useChangeProfile, useOwnProfile } from '../session/own-profile.ts'
import { say } from '../texts/say.ts'

export function ChangeOwnDisplayName() {
  const { data: profile } = useOwnProfile()
  const change = useChangeProfile()
  return (
    <ChangeDisplayName
      current={profile?.display_name}
      change={change}
      title={say('changeDisplayName.title')}
      rule={say('changeDisplayName.rule')}
      done={say('changeDisplayName.done')}
      autoComplete="name"
    />
  )
}
