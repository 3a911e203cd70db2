import { Anchor, Button, Checkbox, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { ApiError } from '../api/api-error.ts'
import type { SignedIn } from '../api/types.ts'
import { digitsOf } from '../components/code-field.tsx'
import { TotpCodeField, totpError } from '../components/totp-code-field.tsx'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { say } from '../texts/say.ts'
import { PasskeyButton } from './passkey-button.tsx'
import { hasPasskeys } from './passkey-ceremonies.ts'
import { usePasskeyFactor } from './passkeys.ts'
import { isFlowEnd, useShowFactor } from './sign-in-flow.ts'

interface FactorFormProps {
  factors: readonly string[]
  /** At a sign-in the second factor can be left out on this device later. */
  mayTrustDevice: boolean
  onDone: (session: SignedIn) => void
  onRestart: () => void
}

/** Asks for a second factor. */
export function FactorForm({ factors, mayTrustDevice, onDone, onRestart }: FactorFormProps) {
  const hasTotp = factors.includes('totp')
  const [isRecovery, setIsRecovery] = useState(!hasTotp)
  const show = useShowFactor()
  const passkey = usePasskeyFactor()
  const form = usePageForm({
    initialValues: { totp: '', recovery_code: '', trust_device: false },
    validate: {
      totp: (text) => (isRecovery ? null : totpError(text)),
      recovery_code: (text) => (isRecovery && !text.trim() ? say('factor.recoveryMissing') : null)
    }
  })
  const submit = form.onSubmit(({ totp, recovery_code, trust_device }) => {
    if (show.isPending) return
    const factor = isRecovery ? { recovery_code: recovery_code.trim() } : { totp: digitsOf(totp) }
    show.mutate(
      { ...factor, ...(trust_device && { trust_device }) },
      { onSuccess: onDone, onError: (error) => form.refuse(error) }
    )
  })
  return (
    <form method="post" noValidate onSubmit={submit}>
      <Stack>
        <Text size="sm">{say('factor.text')}</Text>
        {factors.includes('passkey') && hasPasskeys() && (
          <PasskeyButton
            label={say('passkeys.use')}
            isPending={passkey.isPending}
            error={passkey.error}
            onClick={() => passkey.mutate(form.getValues().trust_device, { onSuccess: onDone })}
          />
        )}
        {isRecovery ? (
          <TextInput
            label={say('factor.recoveryCode')}
            description={say('factor.recoveryPlace')}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            required
            maxLength={64}
            data-autofocus
            autoFocus
            key={form.key('recovery_code')}
            {...form.getInputProps('recovery_code')}
          />
        ) : (
          <TotpCodeField data-autofocus autoFocus key={form.key('totp')} {...form.getInputProps('totp')} />
        )}
        {mayTrustDevice && (
          <Checkbox
            label={say('factor.trust')}
            description={say('factor.trustText')}
            key={form.key('trust_device')}
            {...form.getInputProps('trust_device', { type: 'checkbox' })}
          />
        )}
        <FormProblem form={form} message={refusalOf(form.problem, isRecovery)} />
        <Button type="submit" fullWidth loading={show.isPending}>
          {say('factor.submit')}
        </Button>
        {hasTotp && (
          <Anchor component="button" type="button" size="sm" onClick={() => setIsRecovery(!isRecovery)}>
            {isRecovery ? say('factor.useApp') : say('factor.useRecovery')}
          </Anchor>
        )}
        <Anchor component="button" type="button" size="sm" onClick={onRestart}>
          {say('factor.restart')}
        </Anchor>
      </Stack>
    </form>
  )
}

function refusalOf(error: unknown, isRecovery: boolean): string | undefined {
  if (isFlowEnd(error)) return say('factor.ended')
  if (!(error instanceof ApiError) || error.status !== 401) return undefined
  return isRecovery ? say('factor.wrongRecovery') : say('factor.wrong')
}
