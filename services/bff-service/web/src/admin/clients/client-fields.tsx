import { Checkbox, Stack, Textarea, TextInput } from '@mantine/core'
import { TokensInput } from '../../components/tokens-input.tsx'
import type { PageForm } from '../../forms/page-form.ts'
import { say } from '../../texts/say.ts'
import type { ClientFormValues } from './client-form.ts'
import { type ClientKind, isSignInKind } from './client-kinds.ts'
import { grantTypeLabels } from './client-terms.ts'
import { ExchangeRules } from './exchange-rules.tsx'
import { SignInFields } from './sign-in-fields.tsx'

const scopesAndAudiences = [
  { name: 'scopes', label: 'admin.clients.scopes', description: 'admin.clients.scopesText' },
  { name: 'audiences', label: 'admin.clients.audiences', description: 'admin.clients.audiencesText' }
] as const

const lists = [
  ...scopesAndAudiences,
  {
    name: 'resources',
    label: 'admin.clients.resources',
    description: 'admin.clients.resourcesText'
  },
  { name: 'may_act_for', label: 'admin.clients.mayActFor', description: 'admin.clients.mayActForText' }
] as const

/** A client of users is another kind, which needs redirect URIs. */
const grantTypes = Object.entries(grantTypeLabels).filter(([value]) => value !== 'authorization_code')

/** Its further rights on tokens of users that it exchanges. */
const rights = [
  {
    name: 'may_carry_roles',
    label: 'admin.clients.carriesRoles',
    description: 'admin.clients.carriesRolesText'
  },
  {
    name: 'may_unbind_tokens',
    label: 'admin.clients.unbindsTokens',
    description: 'admin.clients.unbindsTokensText'
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
            label={say('admin.clients.jwks')}
            description={say('admin.clients.jwksText')}
            autosize
            minRows={3}
            maxRows={10}
            spellCheck={false}
            disabled={isDisabled}
            key={form.key('jwks')}
            {...form.getInputProps('jwks')}
          />
          <TextInput
            label={say('admin.clients.jwksUri')}
            description={say('admin.clients.jwksUriText')}
            type="url"
            disabled={isDisabled}
            key={form.key('jwks_uri')}
            {...form.getInputProps('jwks_uri')}
          />
        </>
      )}
      {!isForUsers && (
        <Checkbox.Group
          label={say('admin.clients.grantTypes')}
          key={form.key('grant_types')}
          {...form.getInputProps('grant_types')}
        >
          <Stack gap={6} mt={6}>
            {grantTypes.map(([value, label]) => (
              <Checkbox key={value} value={value} label={say(label)} disabled={isDisabled} />
            ))}
          </Stack>
        </Checkbox.Group>
      )}
      {(isForUsers ? scopesAndAudiences : lists).map(({ name, label, description }) => (
        <TokensInput
          key={form.key(name)}
          label={say(label)}
          description={say(description)}
          maxTags={50}
          disabled={isDisabled}
          {...form.getInputProps(name)}
        />
      ))}
      {!isForUsers && <ExchangeRules form={form} isDisabled={isDisabled} />}
      {(isForUsers ? [] : rights).map(({ name, label, description }) => (
        <Checkbox
          key={form.key(name)}
          label={say(label)}
          description={say(description)}
          disabled={isDisabled}
          {...form.getInputProps(name, { type: 'checkbox' })}
        />
      ))}
      <TextInput
        label={say('admin.clients.lifetime')}
        description={say('admin.clients.lifetimeText')}
        inputMode="numeric"
        maw={320}
        disabled={isDisabled}
        key={form.key('access_token_ttl_seconds')}
        {...form.getInputProps('access_token_ttl_seconds')}
      />
    </Stack>
  )
}
