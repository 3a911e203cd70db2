import { Text } from '@mantine/core'
import type { RequestedScope } from '../api/types.ts'
import { say, type TextKey } from '../texts/say.ts'
import classes from './scope-list.module.css'

/** The scopes of the issuer itself; those of an API have sentences of its own. */
const ownScopes: Record<string, TextKey> = {
  openid: 'scopes.openid',
  profile: 'scopes.profile',
  email: 'scopes.email',
  offline_access: 'scopes.offlineAccess'
}

export function ScopeList({ scopes }: { scopes: readonly RequestedScope[] }) {
  return (
    <ul className={classes.list}>
      {scopes.map(({ scope, api, api_name, description }) => {
        const key = api === null ? ownScopes[scope] : undefined
        return (
          <li key={`${api} ${scope}`}>
            {key ? say(key) : description || scope}
            {api !== null && (
              <Text span size="sm" c="dimmed">
                {' '}
                · {api_name ?? api}
              </Text>
            )}
          </li>
        )
      })}
    </ul>
  )
}
