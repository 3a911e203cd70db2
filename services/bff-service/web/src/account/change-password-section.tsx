import { Alert, Button, Stack, Text } from '@mantine/core'
import { newPasswordError, newPasswordWish, PasswordField, passwordRule } from '../components/password-field.tsx'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { Section } from '../layout/section.tsx'
import { useSignedIn } from '../session/session.ts'
import { say } from '../texts/say.ts'
import { useChangePassword } from './account-api.ts'

export function ChangePasswordSection() {
  const { username } = useSignedIn()
  const change = useChangePassword()
  const form = usePageForm({
    initialValues: { current_password: '', new_password: '' },
    validate: {
      current_password: (text) => (text ? null : say('password.currentMissing')),
      new_password: (text) => newPasswordError(text, username)
    },
    wishes: { current_password: say('password.currentWrong'), new_password: newPasswordWish() }
  })
  const submit = form.onSubmit((values) => {
    if (change.isPending) return
    change.mutate(values, {
      onSuccess: () => form.reset(),
      onError: (error) => form.refuse(error)
    })
  })
  return (
    <Section title={say('password.title')} lead={say('password.lead')}>
      <form method="post" noValidate onSubmit={submit}>
        <Stack maw={400}>
          {/* Password managers read which account the new password belongs to. */}
          <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
          <PasswordField
            label={say('password.current')}
            autoComplete="current-password"
            key={form.key('current_password')}
            {...form.getInputProps('current_password')}
          />
          <PasswordField
            label={say('fields.newPassword')}
            description={passwordRule()}
            autoComplete="new-password"
            key={form.key('new_password')}
            {...form.getInputProps('new_password')}
          />
          <FormProblem form={form} />
          <div role="status">
            {change.isSuccess && (
              <Alert color="green" role="presentation">
                <Text size="sm">{say('password.done')}</Text>
              </Alert>
            )}
          </div>
          <div>
            <Button type="submit" loading={change.isPending}>
              {say('password.submit')}
            </Button>
          </div>
        </Stack>
      </form>
    </Section>
  )
}
