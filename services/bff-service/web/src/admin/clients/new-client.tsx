import { Button, Group, NativeSelect, Stack, TextInput } from '@mantine/core'
import { isConflict } from '../../api/api-error.ts'
import { showSuccess } from '../../components/show-message.ts'
import { FormProblem } from '../../forms/form-problem.tsx'
import { usePageForm } from '../../forms/page-form.ts'
import { ClientFields } from './client-fields.tsx'
import { type ClientFormValues, clientValidation, clientWishes, emptyClient, policyOf } from './client-form.ts'
import { authMethodLabels } from './client-terms.ts'
import { useCreateClient } from './clients-api.ts'
import { LostSecret } from './lost-secret.tsx'
import { SecretNotice } from './secret-notice.tsx'

/** A public client cannot get a token here, so it is rejected. */
const authMethods = Object.entries(authMethodLabels)
  .filter(([value]) => value !== 'none')
  .map(([value, label]) => ({ value, label }))

/** Registers a client, and shows its secret, if it has one, instead of the form. */
export function NewClient({ onClose }: { onClose: () => void }) {
  const create = useCreateClient()
  const form = usePageForm<ClientFormValues>({
    initialValues: emptyClient,
    validate: clientValidation,
    wishes: clientWishes
  })
  const submit = form.onSubmit((values) => {
    if (create.isPending) return
    const { token_endpoint_auth_method } = values
    const given = Object.entries(policyOf(values)).filter(([, value]) => value !== null)
    const body = { client_id: values.client_id.trim(), token_endpoint_auth_method, ...Object.fromEntries(given) }
    create.mutate(
      { grant_types: values.grant_types, ...body },
      {
        onSuccess: ({ client_id, token_endpoint_auth_method: method }) => {
          showSuccess(`The client ${client_id} is registered.`)
          if (method !== 'client_secret_basic') onClose()
        },
        onError: (error) => form.refuse(error, takenId(error))
      }
    )
  })
  if (create.data?.client_secret) return <SecretNotice secret={create.data.client_secret} onClose={onClose} />
  if (create.data) return <LostSecret clientId={create.data.client_id} onClose={onClose} />
  return (
    <form noValidate onSubmit={submit}>
      <Stack>
        <TextInput
          label="Client id"
          required
          maxLength={64}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          key={form.key('client_id')}
          {...form.getInputProps('client_id')}
        />
        <TextInput
          label="Name (optional)"
          maxLength={100}
          autoComplete="off"
          key={form.key('name')}
          {...form.getInputProps('name')}
        />
        <NativeSelect
          label="How it authenticates itself"
          data={authMethods}
          key={form.key('token_endpoint_auth_method')}
          {...form.getInputProps('token_endpoint_auth_method')}
        />
        <ClientFields form={form} />
        <FormProblem form={form} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} disabled={create.isPending}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending}>
            Create client
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function takenId(error: unknown): Record<string, string> | undefined {
  return isConflict(error) ? { client_id: 'There is a client with this id. Choose another one.' } : undefined
}
