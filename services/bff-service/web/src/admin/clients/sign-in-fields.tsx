import { Checkbox, Fieldset, Stack, Textarea, TextInput } from '@mantine/core'
import type { PageForm } from '../../forms/page-form.ts'
import { say, type TextKey } from '../../texts/say.ts'
import type { ClientFormValues } from './client-form.ts'
import type { SignInKind } from './client-kinds.ts'

const redirectHints: Record<SignInKind, TextKey> = {
  web: 'admin.clients.redirectTexts.web',
  spa: 'admin.clients.redirectTexts.spa',
  native: 'admin.clients.redirectTexts.native'
}

const shown = [
  { name: 'logo_uri', label: 'admin.clients.logo', description: 'admin.clients.logoText' },
  { name: 'policy_uri', label: 'admin.clients.policy', description: 'admin.clients.httpsText' },
  { name: 'tos_uri', label: 'admin.clients.terms', description: 'admin.clients.httpsText' }
] as const

interface SignInFieldsProps {
  form: PageForm<ClientFormValues>
  kind: SignInKind
  isDisabled: boolean
}

/** What a client needs so that users sign in to it. */
export function SignInFields({ form, kind, isDisabled }: SignInFieldsProps) {
  const lines = (name: 'redirect_uris' | 'post_logout_redirect_uris', label: string, description: string) => (
    <Textarea
      label={label}
      description={description}
      autosize
      minRows={2}
      maxRows={8}
      autoComplete="off"
      autoCapitalize="none"
      spellCheck={false}
      required={name === 'redirect_uris'}
      disabled={isDisabled}
      key={form.key(name)}
      {...form.getInputProps(name)}
    />
  )
  const url = (name: 'backchannel_logout_uri' | (typeof shown)[number]['name'], label: string, description: string) => (
    <TextInput
      label={label}
      description={description}
      type="url"
      maxLength={512}
      autoComplete="off"
      disabled={isDisabled}
      key={form.key(name)}
      {...form.getInputProps(name)}
    />
  )
  const box = (name: 'first_party' | 'require_pkce', label: string, description: string) => (
    <Checkbox
      label={label}
      description={description}
      disabled={isDisabled}
      key={form.key(name)}
      {...form.getInputProps(name, { type: 'checkbox' })}
    />
  )
  return (
    <Stack>
      {lines('redirect_uris', say('admin.clients.redirectUris'), say(redirectHints[kind]))}
      {lines('post_logout_redirect_uris', say('admin.clients.logoutUris'), say('admin.clients.logoutUrisText'))}
      {kind === 'web' &&
        url('backchannel_logout_uri', say('admin.clients.backchannel'), say('admin.clients.backchannelText'))}
      <Fieldset legend={say('admin.clients.usersSee')} disabled={isDisabled}>
        <Stack>
          {shown.map(({ name, label, description }) => (
            <div key={name}>{url(name, say(label), say(description))}</div>
          ))}
          {box('first_party', say('admin.clients.firstParty'), say('admin.clients.firstPartyText'))}
        </Stack>
      </Fieldset>
      {kind === 'web' && box('require_pkce', say('admin.clients.pkce'), say('admin.clients.pkceText'))}
      <TextInput
        label={say('admin.clients.idTokenLifetime')}
        description={say('admin.clients.idTokenLifetimeText')}
        inputMode="numeric"
        maw={320}
        disabled={isDisabled}
        key={form.key('id_token_ttl_seconds')}
        {...form.getInputProps('id_token_ttl_seconds')}
      />
    </Stack>
  )
}
