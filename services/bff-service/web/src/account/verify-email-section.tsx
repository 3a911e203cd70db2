import { Alert, Button, Stack, Text } from '@mantine/core'
import { ErrorAlert } from '../components/error-alert.tsx'
import { Section } from '../layout/section.tsx'
import { useOffers } from '../session/offers.ts'
import { say } from '../texts/say.ts'
import { useOwnProfile, useRequestVerification, useVerifyEmail } from './account-api.ts'
import { VerifyEmailForm } from './verify-email-form.tsx'

/** Lets the user confirm the address of the profile, as long as it is not confirmed. */
export function VerifyEmailSection() {
  const { data: profile } = useOwnProfile()
  const offers = useOffers()
  const ask = useRequestVerification()
  const verify = useVerifyEmail()
  if (verify.isSuccess) {
    return (
      <Section title={say('verify.title')}>
        <Alert color="green" role="status">
          <Text size="sm">{say('verify.doneInAccount')}</Text>
        </Alert>
      </Section>
    )
  }
  if (!offers?.mail || !profile?.email || profile.email_verified) return null
  return (
    <Section title={say('verify.title')} lead={say('verify.lead', { email: profile.email })}>
      <Stack>
        <div role="status">
          {ask.data && (
            <Text size="sm">
              {say('verify.sent', { email: profile.email, count: Math.round(ask.data.expires_in / 3600) })}
            </Text>
          )}
        </div>
        {ask.data && <VerifyEmailForm proof={{ flow: ask.data.flow }} verify={verify} />}
        {ask.error && <ErrorAlert error={ask.error} />}
        <div>
          <Button variant={ask.data ? 'subtle' : 'light'} loading={ask.isPending} onClick={() => ask.mutate()}>
            {ask.data ? say('verify.sendAnother') : say('verify.send')}
          </Button>
        </div>
      </Stack>
    </Section>
  )
}
