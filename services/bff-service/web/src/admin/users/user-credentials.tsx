import { Text } from '@mantine/core'
import type { UserCredentials as Credentials, LinkedIdentity, User } from '../../api/types.ts'
import { AddedAndLastUsed } from '../../components/added-and-last-used.tsx'
import { Facts } from '../../components/facts.tsx'
import { IdentityTable } from '../../components/identity-table.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import classes from '../../components/session-list.module.css'
import { UnlinkButton } from '../../forms/unlink-button.tsx'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
import { ResetSecondFactors } from './reset-second-factors.tsx'
import { useUnlinkUserIdentity, useUserCredentials } from './users-api.ts'

/** How the user signs in. */
export function UserCredentials({ user }: { user: User }) {
  const credentials = useUserCredentials(user.id)
  return (
    <Section
      title={say('admin.users.credentials')}
      actions={
        !credentials.isPending && (
          <ResetSecondFactors user={user} isOnlyPasskeys={credentials.data?.only_passkeys === true} />
        )
      }
    >
      <QueryResult query={credentials}>
        {(data) => (
          <>
            <Facts items={factsOf(data)} />
            {data.identities.length > 0 && (
              <IdentityTable
                identities={data.identities}
                unlink={(identity) => <UnlinkOfUser user={user} identity={identity} />}
              />
            )}
          </>
        )}
      </QueryResult>
    </Section>
  )
}

function factsOf({ password, totp, recovery_codes_left: codes, passkeys }: Credentials) {
  const none = say('admin.common.nothing')
  return [
    [say('admin.users.password'), say(password ? 'admin.users.passwordSet' : 'admin.users.passwordMissing')],
    [
      say('secondFactors.app'),
      totp ? <LastUse key="totp" since={totp.created_at} lastUsed={totp.last_used_at} /> : none
    ],
    ...(totp || passkeys.length > 0 ? [[say('admin.users.codesLeft'), String(codes)] as const] : []),
    [say('passkeys.title'), passkeys.length > 0 ? <PasskeyList key="passkeys" passkeys={passkeys} /> : none]
  ] as const
}

function PasskeyList({ passkeys }: { passkeys: Credentials['passkeys'] }) {
  return (
    <ul className={classes.list}>
      {passkeys.map(({ id, name, created_at, last_used_at }) => (
        <li key={id}>
          {name}
          <br />
          <LastUse since={created_at} lastUsed={last_used_at} />
        </li>
      ))}
    </ul>
  )
}

function LastUse({ since, lastUsed }: { since: string; lastUsed: string | null }) {
  return (
    <Text span size="sm" c="dimmed">
      <AddedAndLastUsed addedAt={since} lastUsedAt={lastUsed} />
    </Text>
  )
}

function UnlinkOfUser({ user, identity }: { user: User; identity: LinkedIdentity }) {
  const title = say('admin.users.unlinkTitle', { service: identity.provider.name, name: user.username })
  return (
    <UnlinkButton identity={identity} title={title} unlink={useUnlinkUserIdentity(user.id)}>
      {say('admin.users.unlinkText')}
    </UnlinkButton>
  )
}
