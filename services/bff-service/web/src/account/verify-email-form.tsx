import { Button, Stack } from '@mantine/core'
import { CodeField, codeError, codeWish, digitsOf } from '../components/code-field.tsx'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { refusedProof } from '../forms/refused-proof.ts'
import { say } from '../texts/say.ts'
import type { useConfirmEmailChange, useVerifyEmail } from './account-api.ts'

interface VerifyEmailFormProps {
  /** What the link has brought; or the flow, in which the code is valid that the person enters. */
  proof: { secret: string } | { flow: string }
  verify: ReturnType<typeof useVerifyEmail | typeof useConfirmEmailChange>
}

/** Confirms the address of the account; a click, so that a link which a scanner opens changes nothing. */
export function VerifyEmailForm({ proof, verify }: VerifyEmailFormProps) {
  const needsCode = 'flow' in proof
  const form = usePageForm({
    initialValues: { code: '' },
    validate: { code: (text) => (needsCode ? codeError(text) : null) },
    wishes: { code: codeWish() }
  })
  const submit = form.onSubmit(({ code }) => {
    if (verify.isPending) return
    verify.mutate({ ...proof, ...(needsCode && { code: digitsOf(code) }) }, { onError: (error) => form.refuse(error) })
  })
  return (
    <form method="post" noValidate onSubmit={submit}>
      <Stack maw={400}>
        {needsCode && <CodeField key={form.key('code')} {...form.getInputProps('code')} />}
        <FormProblem form={form} message={refusedProof(form.problem, proof)} />
        <div>
          <Button type="submit" loading={verify.isPending}>
            {say('verify.submit')}
          </Button>
        </div>
      </Stack>
    </form>
  )
}
