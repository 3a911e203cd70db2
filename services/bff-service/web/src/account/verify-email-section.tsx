import { Alert, Button, Stack, Text } from '@mantine/core'
import { ErrorAlert } from '../components/error-alert.tsx'
import { Section } from '../layout/section.tsx'
import { useOffers } from '../session/offers.ts'
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
      <Section title="Confirm your e-mail address">
        <Alert color="green" role="status">
          <Text size="sm">Your e-mail address is confirmed. You can reset a forgotten password with it.</Text>
        </Alert>
      </Section>
    )
  }
  if (!offers?.mail || !profile?.email || profile.email_verified) return null
  return (
    <Section
      title="Confirm your e-mail address"
      lead={`Until ${profile.email} is confirmed, you cannot reset a forgotten password with it.`}
    >
      <Stack>
        <div role="status">
          {ask.data && (
            <Text size="sm">
              A mail is on its way to {profile.email}. Open the link in it, or enter its code here. Both are good for{' '}
              {Math.round(ask.data.expires_in / 3600)} hours.
            </Text>
          )}
        </div>
        {ask.data && <VerifyEmailForm proof={{ flow: ask.data.flow }} verify={verify} />}
        {ask.error && <ErrorAlert error={ask.error} />}
        <div>
          <Button variant={ask.data ? 'subtle' : 'light'} loading={ask.isPending} onClick={() => ask.mutate()}>
            {ask.data ? 'Send another mail' : 'Send a mail'}
          </Button>
        </div>
      </Stack>
    </Section>
  )
}
