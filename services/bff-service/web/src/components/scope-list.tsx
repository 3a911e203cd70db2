import { Text } from '@mantine/core'
import type { GrantedScope } from '../api/types.ts'
import { say, type TextKey } from '../texts/say.ts'
import classes from './scope-list.module.css'

/** The scopes of the issuer itself; those of an API have sentences of its own. */
const ownScopes: Record<string, TextKey> = {
  openid: 'scopes.openid',
  profile: 'scopes.profile',
  email: 'scopes.email',
  offline_access: 'scopes.offlineAccess'
}

export function ScopeList({ scopes }: { scopes: readonly GrantedScope[] }) {
  return (
    <ul className={classes.list}>
      {scopes.map((one) => (
        <li key={`${one.api} ${one.scope}`}>
          <Sentence {...one} />
        </li>
      ))}
    </ul>
  )
}

function Sentence({ scope, api, api_name, description }: GrantedScope) {
  const key = api === null ? ownScopes[scope] : undefined
  if (key) return say(key)
  // An API without scopes.
  if (scope === '') return say('scopes.wholeApi', { name: api_name ?? api ?? '' })
  return (
    <>
      {description || scope}
      {api !== null && (
        <Text span size="sm" c="dimmed">
          {' '}
          · {api_name ?? api}
        </Text>
      )}
    </>
  )
}
