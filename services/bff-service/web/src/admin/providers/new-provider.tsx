import { NativeSelect, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { isConflict, messageOf } from '../../api/api-error.ts'
import { showSuccess } from '../../components/show-message.ts'
import { DialogButtons } from '../../forms/dialog-buttons.tsx'
import { FormProblem } from '../../forms/form-problem.tsx'
import { usePageForm } from '../../forms/page-form.ts'
import { ProviderFields } from './provider-fields.tsx'
import {
  emptyProvider,
  kindLabels,
  newProviderOf,
  type ProviderFormValues,
  type ProviderKind,
  providerWishes
} from './provider-form.ts'
import { useCreateProvider } from './providers-api.ts'

const kinds = Object.entries(kindLabels).map(([value, label]) => ({ value, label }))

export function NewProvider({ onClose }: { onClose: () => void }) {
  const create = useCreateProvider()
  const [kind, setKind] = useState<ProviderKind>(emptyProvider.kind)
  const form = usePageForm<ProviderFormValues>({ initialValues: emptyProvider, wishes: providerWishes })
  form.watch('kind', ({ value }) => setKind(value as ProviderKind))
  const submit = form.onSubmit((values) => {
    if (create.isPending) return
    create.mutate(newProviderOf(values), {
      onSuccess: ({ name }) => {
        showSuccess(`Users can sign in with ${name} now.`)
        onClose()
      },
      onError: (error) => form.refuse(error, isConflict(error) ? { id: messageOf(error) } : undefined)
    })
  })
  return (
    <form noValidate onSubmit={submit}>
      <Stack>
        <NativeSelect
          label="Service"
          data={kinds}
          data-autofocus
          key={form.key('kind')}
          {...form.getInputProps('kind')}
        />
        <TextInput
          label="Id (optional)"
          description={`In its redirect URI, where it stays. Without one: ${kind}`}
          maxLength={32}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          key={form.key('id')}
          {...form.getInputProps('id')}
        />
        <TextInput
          label={kind === 'oidc' ? 'Name' : 'Name (optional)'}
          description="What the button says."
          maxLength={64}
          autoComplete="off"
          key={form.key('name')}
          {...form.getInputProps('name')}
        />
        <TextInput
          label={kind === 'oidc' ? 'Issuer' : 'Issuer (optional)'}
          description={
            kind === 'microsoft'
              ? 'For one tenant alone: https://login.microsoftonline.com/TENANT/v2.0'
              : 'Its URL, which stays as it is.'
          }
          maxLength={512}
          autoComplete="off"
          spellCheck={false}
          key={form.key('issuer')}
          {...form.getInputProps('issuer')}
        />
        <ProviderFields form={form} kind={kind} isChange={false} />
        <FormProblem form={form} />
        <DialogButtons label="Set it up" isPending={create.isPending} onClose={onClose} />
      </Stack>
    </form>
  )
}
