import { Button, Stack } from '@mantine/core'
import { useNavigate } from 'react-router'
import { CodeField, codeError, codeWish, digitsOf } from '../components/code-field.tsx'
import { newPasswordError, newPasswordWish, PasswordField, passwordRule } from '../components/password-field.tsx'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { refusedProof } from '../forms/refused-proof.ts'
import { say } from '../texts/say.ts'
import { FormCard } from './form-card.tsx'
import type { useResetPassword } from './password-reset.ts'

interface NewPasswordFormProps {
  /** What the link has brought; or the flow, in which the code is valid that the person enters. */
  proof: { secret: string } | { flow: string }
  change: ReturnType<typeof useResetPassword>
}

/** Sets a new password, and leads to the sign-in. */
export function NewPasswordForm({ proof, change }: NewPasswordFormProps) {
  const navigate = useNavigate()
  const needsCode = 'flow' in proof
  const form = usePageForm({
    initialValues: { code: '', new_password: '' },
    validate: {
      code: (text) => (needsCode ? codeError(text) : null),
      new_password: (text) => newPasswordError(text, '')
    },
    wishes: { code: codeWish(), new_password: newPasswordWish() }
  })
  const submit = form.onSubmit(({ code, new_password }) => {
    if (change.isPending) return
    change.mutate(
      { ...proof, ...(needsCode && { code: digitsOf(code) }), new_password },
      {
        onSuccess: () => navigate('/sign-in', { replace: true, state: 'password_reset' }),
        onError: (error) => form.refuse(error)
      }
    )
  })
  return (
    <FormCard onSubmit={submit}>
      <Stack>
        {needsCode && <CodeField key={form.key('code')} {...form.getInputProps('code')} />}
        <PasswordField
          label={say('fields.newPassword')}
          description={passwordRule()}
          autoComplete="new-password"
          key={form.key('new_password')}
          {...form.getInputProps('new_password')}
        />
        <FormProblem form={form} message={refusedProof(form.problem, proof)} />
        <Button type="submit" fullWidth loading={change.isPending}>
          {say('reset.submit')}
        </Button>
      </Stack>
    </FormCard>
  )
}
