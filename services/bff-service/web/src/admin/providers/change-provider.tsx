import { Stack, TextInput } from '@mantine/core'
import type { Provider } from '../../api/types.ts'
import { showSuccess } from '../../components/show-message.ts'
import { DialogButtons } from '../../forms/dialog-buttons.tsx'
import { FormProblem } from '../../forms/form-problem.tsx'
import { usePageForm } from '../../forms/page-form.ts'
import { say } from '../../texts/say.ts'
import { ProviderFields } from './provider-fields.tsx'
import { formValuesOf, type ProviderFormValues, providerChangeOf, providerWishes } from './provider-form.ts'
import { useChangeProvider } from './providers-api.ts'

export function ChangeProvider({ provider, onClose }: { provider: Provider; onClose: () => void }) {
  const change = useChangeProvider(provider.id)
  const form = usePageForm<ProviderFormValues>({ initialValues: formValuesOf(provider), wishes: providerWishes() })
  const submit = form.onSubmit((values) => {
    if (change.isPending) return
    change.mutate(providerChangeOf(values), {
      onSuccess: ({ name }) => {
        showSuccess(say('admin.providers.saved', { name }))
        onClose()
      },
      onError: (error) => form.refuse(error)
    })
  })
  return (
    <form noValidate onSubmit={submit}>
      <Stack>
        <TextInput
          label={say('admin.common.name')}
          description={say('admin.providers.nameText')}
          required
          maxLength={64}
          autoComplete="off"
          data-autofocus
          key={form.key('name')}
          {...form.getInputProps('name')}
        />
        <ProviderFields form={form} kind={provider.kind} isChange />
        <FormProblem form={form} />
        <DialogButtons label={say('admin.common.save')} isPending={change.isPending} onClose={onClose} />
      </Stack>
    </form>
  )
}
