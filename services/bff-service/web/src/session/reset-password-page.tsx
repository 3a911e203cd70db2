import { Anchor, Text } from '@mantine/core'
import { Link } from 'react-router'
import { Page } from '../layout/page.tsx'
import { say } from '../texts/say.ts'
import { useLinkSecret } from './link-secret.ts'
import { NewPasswordForm } from './new-password-form.tsx'
import { useResetPassword } from './password-reset.ts'

/** Where the link in the mail leads. */
export function ResetPasswordPage() {
  const secret = useLinkSecret()
  const reset = useResetPassword()
  return (
    <Page title={say('reset.newTitle')} lead={secret && say('reset.newLead')} width="narrow">
      {secret ? (
        <NewPasswordForm key={secret} proof={{ secret }} change={reset} />
      ) : (
        <Text>{say('proof.incomplete')}</Text>
      )}
      <Text size="sm">
        <Anchor component={Link} to="/forgot-password" underline="always">
          {say('proof.another')}
        </Anchor>
      </Text>
    </Page>
  )
}
