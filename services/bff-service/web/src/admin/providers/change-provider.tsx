import { Stack, TextInput } from '@mantine/core'
import type { Provider } from '../../api/types.ts'
import { showSuccess } from '../../components/show-message.ts'
import { DialogButtons } from '../../forms/dialog-buttons.tsx'
import { FormProblem } from '../../forms/form-problem.tsx'
import { usePageForm } from '../../forms/page-form.ts'
import { ProviderFields } from './provider-fields.tsx'
import { formValuesOf, type ProviderFormValues, providerChangeOf, providerWishes } from './provider-form.ts'
import { useChangeProvider } from './providers-api.ts'

export function ChangeProvider({ provider, onClose }: { provider: Provider; onClose: () => void }) {
  const change = useChangeProvider(provider.id)
  const form = usePageForm<ProviderFormValues>({ initialValues: formValuesOf(provider), wishes: providerWishes })
  const submit = form.onSubmit((values) => {
    if (change.isPending) return
    change.mutate(providerChangeOf(values), {
      onSuccess: ({ name }) => {
        showSuccess(`${name} is saved.`)
        onClose()
      },
      onError: (error) => form.refuse(error)
    })
  })
  return (
    <form noValidate onSubmit={submit}>
      <Stack>
        <TextInput
          label="Name"
          description="What the button says."
          required
          maxLength={64}
          autoComplete="off"
          data-autofocus
          key={form.key('name')}
          {...form.getInputProps('name')}
        />
        <ProviderFields form={form} kind={provider.kind} isChange />
        <FormProblem form={form} />
        <DialogButtons label="Save" isPending={change.isPending} onClose={onClose} />
      </Stack>
    </form>
  )
}
