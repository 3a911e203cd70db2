import { Anchor, Text } from '@mantine/core'
import { Link } from 'react-router'
import { Page } from '../layout/page.tsx'
import { useLinkSecret } from './link-secret.ts'
import { NewPasswordForm } from './new-password-form.tsx'
import { useResetPassword } from './password-reset.ts'

/** Where the link in the mail leads. */
export function ResetPasswordPage() {
  const secret = useLinkSecret()
  const reset = useResetPassword()
  return (
    <Page
      title="Set a new password"
      lead={secret && 'All sessions of your account end. You sign in with the new password afterwards.'}
      width="narrow"
    >
      {secret ? (
        <NewPasswordForm key={secret} proof={{ secret }} change={reset} />
      ) : (
        <Text>This page is opened by the link in a mail. Open that link again, with all that is in it.</Text>
      )}
      <Text size="sm">
        <Anchor component={Link} to="/forgot-password" underline="always">
          Ask for another mail
        </Anchor>
      </Text>
    </Page>
  )
}
