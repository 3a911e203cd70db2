import { Checkbox, Stack, Textarea, TextInput } from '@mantine/core'
import { TokensInput } from '../../components/tokens-input.tsx'
import type { PageForm } from '../../forms/page-form.ts'
import type { ClientFormValues } from './client-form.ts'
import { type ClientKind, isSignInKind } from './client-kinds.ts'
import { grantTypeLabels } from './client-terms.ts'
import { ExchangeRules } from './exchange-rules.tsx'
import { SignInFields } from './sign-in-fields.tsx'

const scopesAndAudiences = [
  { name: 'scopes', label: 'Scopes', description: 'What its tokens may hold.' },
  { name: 'audiences', label: 'Audiences', description: 'URIs of the APIs that its tokens may be for.' }
] as const

const lists = [
  ...scopesAndAudiences,
  {
    name: 'resources',
    label: 'Resources',
    description: 'URIs of what it is itself: tokens for these it may introspect.'
  },
  { name: 'may_act_for', label: 'May act for', description: 'Ids of clients whose users it may act for.' }
] as const

/** A client of users is another kind, which needs redirect URIs. */
const grantTypes = Object.entries(grantTypeLabels).filter(([value]) => value !== 'authorization_code')

/** Its further rights on tokens of users that it exchanges. */
const rights = [
  {
    name: 'may_carry_roles',
    label: 'Carries the roles of users',
    description: 'Its tokens for a user hold the user’s roles, so it passes where a role is asked for.'
  },
  {
    name: 'may_unbind_tokens',
    label: 'May unbind tokens from keys',
    description: 'It exchanges a token that is bound to a key (DPoP) without a proof of that key.'
  }
] as const

interface ClientFieldsProps {
  form: PageForm<ClientFormValues>
  /** What the client is; undefined for one that gets no token. */
  kind: ClientKind | undefined
  isDisabled?: boolean
}

/** The fields that can also be changed later. */
export function ClientFields({ form, kind, isDisabled = false }: ClientFieldsProps) {
  const hasKeys = form.useWatchValue('token_endpoint_auth_method') === 'private_key_jwt'
  const isForUsers = isSignInKind(kind)
  return (
    <Stack>
      {isForUsers && <SignInFields form={form} kind={kind} isDisabled={isDisabled} />}
      {hasKeys && (
        <>
          <Textarea
            label="Public keys (JWKS)"
            description="A key set in JSON. Never the private key."
            autosize
            minRows={3}
            maxRows={10}
            spellCheck={false}
            disabled={isDisabled}
            key={form.key('jwks')}
            {...form.getInputProps('jwks')}
          />
          <TextInput
            label="Address of the keys (jwks_uri)"
            description="Instead of the keys: an https URL."
            type="url"
            disabled={isDisabled}
            key={form.key('jwks_uri')}
            {...form.getInputProps('jwks_uri')}
          />
        </>
      )}
      {!isForUsers && (
        <Checkbox.Group label="Grant types" key={form.key('grant_types')} {...form.getInputProps('grant_types')}>
          <Stack gap={6} mt={6}>
            {grantTypes.map(([value, label]) => (
              <Checkbox key={value} value={value} label={label} disabled={isDisabled} />
            ))}
          </Stack>
        </Checkbox.Group>
      )}
      {(isForUsers ? scopesAndAudiences : lists).map(({ name, label, description }) => (
        <TokensInput
          key={form.key(name)}
          label={label}
          description={description}
          maxTags={50}
          disabled={isDisabled}
          {...form.getInputProps(name)}
        />
      ))}
      {!isForUsers && <ExchangeRules form={form} isDisabled={isDisabled} />}
      {(isForUsers ? [] : rights).map(({ name, label, description }) => (
        <Checkbox
          key={form.key(name)}
          label={label}
          description={description}
          disabled={isDisabled}
          {...form.getInputProps(name, { type: 'checkbox' })}
        />
      ))}
      <TextInput
        label="Lifetime of access tokens in seconds"
        description="Empty: the issuer’s own."
        inputMode="numeric"
        maw={320}
        disabled={isDisabled}
        key={form.key('access_token_ttl_seconds')}
        {...form.getInputProps('access_token_ttl_seconds')}
      />
    </Stack>
  )
}
