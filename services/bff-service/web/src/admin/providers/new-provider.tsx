import { NativeSelect, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { isConflict, messageOf } from '../../api/api-error.ts'
import { showSuccess } from '../../components/show-message.ts'
import { DialogButtons } from '../../forms/dialog-buttons.tsx'
import { FormProblem } from '../../forms/form-problem.tsx'
import { usePageForm } from '../../forms/page-form.ts'
import { say } from '../../texts/say.ts'
import { ProviderFields } from './provider-fields.tsx'
import {
  emptyProvider,
  labelOfKind,
  newProviderOf,
  type ProviderFormValues,
  type ProviderKind,
  providerKinds,
  providerWishes
} from './provider-form.ts'
import { useCreateProvider } from './providers-api.ts'

const kinds = () => providerKinds.map((value) => ({ value, label: labelOfKind(value) }))

export function NewProvider({ onClose }: { onClose: () => void }) {
  const create = useCreateProvider()
  const [kind, setKind] = useState<ProviderKind>(emptyProvider.kind)
  const form = usePageForm<ProviderFormValues>({ initialValues: emptyProvider, wishes: providerWishes() })
  form.watch('kind', ({ value }) => setKind(value as ProviderKind))
  const submit = form.onSubmit((values) => {
    if (create.isPending) return
    create.mutate(newProviderOf(values), {
      onSuccess: ({ name }) => {
        showSuccess(say('admin.providers.created', { name }))
        onClose()
      },
      onError: (error) => form.refuse(error, isConflict(error) ? { id: messageOf(error) } : undefined)
    })
  })
  return (
    <form noValidate onSubmit={submit}>
      <Stack>
        <NativeSelect
          label={say('admin.providers.service')}
          data={kinds()}
          data-autofocus
          key={form.key('kind')}
          {...form.getInputProps('kind')}
        />
        <TextInput
          label={say('admin.providers.idOptional')}
          description={say('admin.providers.idText', { kind })}
          maxLength={32}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          key={form.key('id')}
          {...form.getInputProps('id')}
        />
        <TextInput
          label={kind === 'oidc' ? say('admin.common.name') : say('admin.common.nameOptional')}
          description={say('admin.providers.nameText')}
          maxLength={64}
          autoComplete="off"
          key={form.key('name')}
          {...form.getInputProps('name')}
        />
        <TextInput
          label={kind === 'oidc' ? say('admin.providers.issuer') : say('admin.providers.issuerOptional')}
          description={kind === 'microsoft' ? say('admin.providers.tenantText') : say('admin.providers.issuerText')}
          maxLength={512}
          autoComplete="off"
          spellCheck={false}
          key={form.key('issuer')}
          {...form.getInputProps('issuer')}
        />
        <ProviderFields form={form} kind={kind} isChange={false} />
        <FormProblem form={form} />
        <DialogButtons label={say('admin.providers.create')} isPending={create.isPending} onClose={onClose} />
      </Stack>
    </form>
  )
}
