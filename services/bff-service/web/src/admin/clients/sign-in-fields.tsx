import { Checkbox, Fieldset, Stack, Textarea, TextInput } from '@mantine/core'
import type { PageForm } from '../../forms/page-form.ts'
import type { ClientFormValues } from './client-form.ts'
import type { SignInKind } from './client-kinds.ts'

const redirectHints: Record<SignInKind, string> = {
  web: 'One a line, compared letter by letter, such as https://app.example.com/callback.',
  spa: 'One a line, compared letter by letter: the page that gets the code, such as https://app.example.com/callback.',
  native:
    'One a line: a scheme such as com.example.app:/callback, an https link of the app, or http://127.0.0.1/callback, which is good with any port.'
}

const shown = [
  { name: 'logo_uri', label: 'Logo (optional)', description: 'The https URL of a picture.' },
  { name: 'policy_uri', label: 'Privacy policy (optional)', description: 'An https URL.' },
  { name: 'tos_uri', label: 'Terms of service (optional)', description: 'An https URL.' }
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
      {lines('redirect_uris', 'Redirect URIs', redirectHints[kind])}
      {lines(
        'post_logout_redirect_uris',
        'Redirect URIs after sign-out (optional)',
        'One a line: where users may be sent back to when they sign out.'
      )}
      {kind === 'web' &&
        url(
          'backchannel_logout_uri',
          'Back-channel logout URI (optional)',
          'The issuer sends it a token when a session of the app has ended. An https URL.'
        )}
      <Fieldset legend="What users see" disabled={isDisabled}>
        <Stack>
          {shown.map(({ name, label, description }) => (
            <div key={name}>{url(name, label, description)}</div>
          ))}
          {box('first_party', 'It is ours', 'Users are not asked whether they let it in.')}
        </Stack>
      </Fieldset>
      {kind === 'web' &&
        box(
          'require_pkce',
          'Requires PKCE',
          'Leave this on. Only older apps cannot do it, and they need a secret or a key.'
        )}
      <TextInput
        label="Lifetime of ID tokens in seconds"
        description="Empty: that of access tokens."
        inputMode="numeric"
        maw={320}
        disabled={isDisabled}
        key={form.key('id_token_ttl_seconds')}
        {...form.getInputProps('id_token_ttl_seconds')}
      />
    </Stack>
  )
}
