import { Alert, Button, Stack, Text, TextInput } from '@mantine/core'
import { ApiError } from '../api/api-error.ts'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { Section } from '../layout/section.tsx'
import { useOffers } from '../session/offers.ts'
import { say } from '../texts/say.ts'
import { useConfirmEmailChange, useRequestEmailChange } from './account-api.ts'
import { VerifyEmailForm } from './verify-email-form.tsx'

/** Lets the user have another address, by the mail that goes there. */
export function ChangeEmailSection() {
  const offers = useOffers()
  const ask = useRequestEmailChange()
  const confirm = useConfirmEmailChange()
  if (!offers?.mail) return null
  return (
    <Section title={say('changeEmail.title')} lead={say('changeEmail.lead')}>
      <Stack>
        <div role="status">
          {confirm.isSuccess && (
            <Alert color="green" role="presentation">
              <Text size="sm">{say('changeEmail.done')}</Text>
            </Alert>
          )}
          {ask.data && !confirm.isSuccess && (
            <Text size="sm">
              {say('verify.sent', { email: ask.data.email, count: Math.round(ask.data.expires_in / 3600) })}
            </Text>
          )}
        </div>
        {ask.data && !confirm.isSuccess ? (
          <>
            <VerifyEmailForm proof={{ flow: ask.data.flow }} verify={confirm} />
            <div>
              <Button variant="subtle" onClick={() => ask.reset()}>
                {say('changeEmail.other')}
              </Button>
            </div>
          </>
        ) : (
          <NewAddressForm ask={ask} onAsk={() => confirm.reset()} />
        )}
      </Stack>
    </Section>
  )
}

function NewAddressForm({ ask, onAsk }: { ask: ReturnType<typeof useRequestEmailChange>; onAsk: () => void }) {
  const form = usePageForm({
    initialValues: { email: '' },
    validate: { email: (text) => (/^\S+@\S+$/.test(text.trim()) ? null : say('changeEmail.wish')) },
    wishes: { email: say('changeEmail.wish') }
  })
  const submit = form.onSubmit(({ email }) => {
    if (ask.isPending) return
    ask.mutate(email.trim(), { onSuccess: onAsk, onError: (error) => form.refuse(error, ownAddress(error)) })
  })
  return (
    <form method="post" noValidate onSubmit={submit}>
      <Stack maw={400}>
        <TextInput
          label={say('changeEmail.address')}
          type="email"
          autoComplete="email"
          required
          key={form.key('email')}
          {...form.getInputProps('email')}
        />
        <FormProblem form={form} />
        <div>
          <Button type="submit" loading={ask.isPending}>
            {say('changeEmail.submit')}
          </Button>
        </div>
      </Stack>
    </form>
  )
}

function ownAddress(error: unknown): Record<string, string> | undefined {
  const isOwn = error instanceof ApiError && error.code === 'already_verified'
  return isOwn ? { email: say('changeEmail.own') } : undefined
}
