import { Checkbox, PasswordInput, Textarea, TextInput } from '@mantine/core'
import { TokensInput } from '../../components/tokens-input.tsx'
import type { PageForm } from '../../forms/page-form.ts'
import type { ProviderFormValues, ProviderKind } from './provider-form.ts'

interface ProviderFieldsProps {
  form: PageForm<ProviderFormValues>
  kind: ProviderKind
  /** Whether an empty secret stays as it is. */
  isChange: boolean
}

/** The fields that can also be changed later, but for the name. */
export function ProviderFields({ form, kind, isChange }: ProviderFieldsProps) {
  const kept = isChange ? 'Leave this empty to keep the one that is there.' : undefined
  return (
    <>
      <TextInput
        label="Client id"
        description="What this service is called there."
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
            label="Team id"
            description={kept}
            maxLength={10}
            autoComplete="off"
            spellCheck={false}
            key={form.key('team_id')}
            {...form.getInputProps('team_id')}
          />
          <TextInput
            label="Key id"
            maxLength={10}
            autoComplete="off"
            spellCheck={false}
            key={form.key('key_id')}
            {...form.getInputProps('key_id')}
          />
          <Textarea
            label="Private key"
            description="All of the .p8 file."
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
          label={kind === 'oidc' ? 'Client secret (optional)' : 'Client secret'}
          description={kept}
          autoComplete="off"
          visibilityToggleButtonProps={{ 'aria-label': 'Show the client secret' }}
          key={form.key('client_secret')}
          {...form.getInputProps('client_secret')}
        />
      )}
      <TokensInput
        label="Domains that it speaks for (optional)"
        description="An account whose confirmed address is of one of them is linked at the first sign-in, if the provider says that it has verified the address."
        maxTags={100}
        key={form.key('authoritative_domains')}
        {...form.getInputProps('authoritative_domains')}
      />
      <Checkbox
        label="Its second factors count here"
        description="When it says that it has asked for more than one factor, none is asked for here."
        key={form.key('trusts_amr')}
        {...form.getInputProps('trusts_amr', { type: 'checkbox' })}
      />
    </>
  )
}
