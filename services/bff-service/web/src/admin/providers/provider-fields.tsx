import { Checkbox, PasswordInput, Textarea, TextInput } from '@mantine/core'
import { TokensInput } from '../../components/tokens-input.tsx'
import type { PageForm } from '../../forms/page-form.ts'
import { say } from '../../texts/say.ts'
import type { ProviderFormValues, ProviderKind } from './provider-form.ts'

interface ProviderFieldsProps {
  form: PageForm<ProviderFormValues>
  kind: ProviderKind
  /** Whether an empty secret stays as it is. */
  isChange: boolean
}

/** The fields that can also be changed later, but for the name. */
export function ProviderFields({ form, kind, isChange }: ProviderFieldsProps) {
  const kept = isChange ? say('admin.providers.kept') : undefined
  return (
    <>
      <TextInput
        label={say('admin.providers.clientId')}
        description={say('admin.providers.clientIdText')}
        required
        maxLength={255}
        autoComplete="off"
        spellCheck={false}
        key={form.key('client_id')}
        {...form.getInputProps('client_id')}
      />
      {kind === 'apple' ? (
        <>
          <TextInput
            label={say('admin.providers.teamId')}
            description={kept}
            maxLength={10}
            autoComplete="off"
            spellCheck={false}
            key={form.key('team_id')}
            {...form.getInputProps('team_id')}
          />
          <TextInput
            label={say('admin.providers.keyId')}
            maxLength={10}
            autoComplete="off"
            spellCheck={false}
            key={form.key('key_id')}
            {...form.getInputProps('key_id')}
          />
          <Textarea
            label={say('admin.providers.privateKey')}
            description={say('admin.providers.privateKeyText')}
            autosize
            minRows={3}
            autoComplete="off"
            spellCheck={false}
            key={form.key('private_key')}
            {...form.getInputProps('private_key')}
          />
        </>
      ) : (
        <PasswordInput
          label={kind === 'oidc' ? say('admin.providers.secretOptional') : say('admin.providers.secret')}
          description={kept}
          autoComplete="off"
          visibilityToggleButtonProps={{ 'aria-label': say('admin.providers.showSecret') }}
          key={form.key('client_secret')}
          {...form.getInputProps('client_secret')}
        />
      )}
      <TokensInput
        label={say('admin.providers.domains')}
        description={say('admin.providers.domainsText')}
        maxTags={100}
        key={form.key('authoritative_domains')}
        {...form.getInputProps('authoritative_domains')}
      />
      <Checkbox
        label={say('admin.providers.trustsAmr')}
        description={say('admin.providers.trustsAmrText')}
        key={form.key('trusts_amr')}
        {...form.getInputProps('trusts_amr', { type: 'checkbox' })}
      />
    </>
  )
}
