import { Text } from '@mantine/core'
import { Page } from '../layout/page.tsx'
import { useLinkSecret } from './link-secret.ts'
import { NewPasswordForm } from './new-password-form.tsx'
import { useUndoEmailChange } from './password-reset.ts'

/** Where the link leads that the address of before has got. */
export function UndoEmailPage() {
  const secret = useLinkSecret()
  return (
    <Page
      title="Restore your e-mail address"
      lead={
        secret &&
        'Your account gets back the address that the mail went to. Set a new password, since somebody knows the one of now. All sessions of your account end.'
      }
      width="narrow"
    >
      {secret ? (
        <UndoForm key={secret} secret={secret} />
      ) : (
        <Text>This page is opened by the link in a mail. Open that link again, with all that is in it.</Text>
      )}
    </Page>
  )
}

function UndoForm({ secret }: { secret: string }) {
  return <NewPasswordForm proof={{ secret }} change={useUndoEmailChange()} />
}
