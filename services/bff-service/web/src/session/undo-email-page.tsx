import { Text } from '@mantine/core'
import { Page } from '../layout/page.tsx'
import { say } from '../texts/say.ts'
import { useLinkSecret } from './link-secret.ts'
import { NewPasswordForm } from './new-password-form.tsx'
import { useUndoEmailChange } from './password-reset.ts'

/** Where the link leads that the address of before has got. */
export function UndoEmailPage() {
  const secret = useLinkSecret()
  return (
    <Page title={say('undoEmail.title')} lead={secret && say('undoEmail.lead')} width="narrow">
      {secret ? <UndoForm key={secret} secret={secret} /> : <Text>{say('proof.incomplete')}</Text>}
    </Page>
  )
}

function UndoForm({ secret }: { secret: string }) {
  return <NewPasswordForm proof={{ secret }} change={useUndoEmailChange()} />
}
