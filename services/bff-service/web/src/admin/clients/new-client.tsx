import { NativeSelect, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { isConflict } from '../../api/api-error.ts'
import { showSuccess } from '../../components/show-message.ts'
import { DialogButtons } from '../../forms/dialog-buttons.tsx'
import { FormProblem } from '../../forms/form-problem.tsx'
import { usePageForm } from '../../forms/page-form.ts'
import { say } from '../../texts/say.ts'
import { useInstallation } from '../installation-api.ts'
import { ClientFields } from './client-fields.tsx'
import { type ClientFormValues, clientValidation, clientWishes, emptyClient, policyOf } from './client-form.ts'
import { type ClientKind, isSignInKind, kindLabels, kindSentences, presetOf } from './client-kinds.ts'
import { authMethodLabels, hasSecret } from './client-terms.ts'
import { useCreateClient } from './clients-api.ts'
import { LostSecret } from './lost-secret.tsx'
import { BffSetup, NewSecret } from './setup.tsx'

/** What runs on the devices of users keeps no secret. */
const isPublic = (kind: ClientKind) => kind === 'spa' || kind === 'native'

const authMethods = () =>
  Object.entries(authMethodLabels)
    .filter(([value]) => value !== 'none')
    .map(([value, label]) => ({ value, label: say(label) }))

const kinds = () => Object.entries(kindLabels).map(([value, label]) => ({ value, label: say(label) }))

/** Registers a client. One with a secret shows it instead of the form; then the client's page says how to go on. */
export function NewClient({ onClose }: { onClose: () => void }) {
  const create = useCreateClient()
  const navigate = useNavigate()
  const installation = useInstallation().data
  const [kind, setKind] = useState<ClientKind>('service')
  const goOn = (clientId: string) => {
    onClose()
    navigate(`/admin/clients/${encodeURIComponent(clientId)}`)
  }
  const form = usePageForm<ClientFormValues>({
    initialValues: emptyClient,
    validate: clientValidation,
    wishes: clientWishes()
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
          showSuccess(say('admin.clients.registered', { id: client_id }))
          if (!hasSecret(method)) goOn(client_id)
        },
        onError: (error) => form.refuse(error, takenId(error))
      }
    )
  })
  const choose = (chosen: ClientKind) => {
    setKind(chosen)
    form.setValues(presetOf(chosen, installation))
  }
  if (create.data) {
    const { client_id } = create.data
    if (!create.data.client_secret) return <LostSecret clientId={client_id} onClose={() => goOn(client_id)} />
    return <NewSecret client={create.data} onClose={() => goOn(client_id)} />
  }
  return (
    <Stack>
      <NativeSelect
        label={say('admin.clients.kind')}
        description={say(kindSentences[kind])}
        data={kinds()}
        value={kind}
        // What a kind begins with names the issuer.
        disabled={!installation}
        onChange={({ currentTarget }) => choose(currentTarget.value as ClientKind)}
      />
      {kind === 'bff' && <BffSetup onClose={onClose} />}
      <form noValidate onSubmit={submit} hidden={kind === 'bff'}>
        <Stack>
          <TextInput
            label={say('admin.clients.id')}
            required
            maxLength={64}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
            key={form.key('client_id')}
            {...form.getInputProps('client_id')}
          />
          <TextInput
            label={isSignInKind(kind) ? say('admin.clients.shownName') : say('admin.common.nameOptional')}
            maxLength={100}
            autoComplete="off"
            key={form.key('name')}
            {...form.getInputProps('name')}
          />
          {!isPublic(kind) && (
            <NativeSelect
              label={say('admin.clients.method')}
              data={authMethods()}
              key={form.key('token_endpoint_auth_method')}
              {...form.getInputProps('token_endpoint_auth_method')}
            />
          )}
          <ClientFields form={form} kind={kind} />
          <FormProblem form={form} />
          <DialogButtons label={say('admin.clients.create')} isPending={create.isPending} onClose={onClose} />
        </Stack>
      </form>
    </Stack>
  )
}

function takenId(error: unknown): Record<string, string> | undefined {
  return isConflict(error) ? { client_id: say('admin.clients.idTaken') } : undefined
}
