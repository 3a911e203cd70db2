import { Button, Group, Modal, Stack, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState } from 'react'
import type { SecondFactors, TotpSetUp as SetUp } from '../api/types.ts'
import { digitsOf } from '../components/code-field.tsx'
import { DateTime } from '../components/date-time.tsx'
import { deviceOf } from '../components/device.ts'
import { ErrorAlert } from '../components/error-alert.tsx'
import { QueryResult } from '../components/query-result.tsx'
import { RecoveryCodes } from '../components/recovery-codes.tsx'
import { showSuccess } from '../components/show-message.ts'
import { TotpCodeField, totpError } from '../components/totp-code-field.tsx'
import { TotpSetUp } from '../components/totp-set-up.tsx'
import { ConfirmButton } from '../forms/confirm-button.tsx'
import { DialogButtons } from '../forms/dialog-buttons.tsx'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { Section } from '../layout/section.tsx'
import { say } from '../texts/say.ts'
import {
  useBeginTotp,
  useConfirmTotp,
  useForgetDevice,
  useRemoveTotp,
  useRenewRecoveryCodes,
  useSecondFactors
} from './second-factors-api.ts'

export function SecondFactorsSection() {
  const query = useSecondFactors()
  return (
    <Section title={say('secondFactors.title')} lead={say('secondFactors.lead')}>
      <QueryResult query={query}>
        {(factors) => (
          <Stack>
            <App factors={factors} />
            {factors.has_second_factor && (
              <Group justify="space-between">
                <Text size="sm">{say('secondFactors.codesLeft', { count: factors.recovery_codes_left })}</Text>
                <RenewCodes />
              </Group>
            )}
            {factors.trusted_devices.length > 0 && <TrustedDevices devices={factors.trusted_devices} />}
          </Stack>
        )}
      </QueryResult>
    </Section>
  )
}

function App({ factors: { totp, is_required } }: { factors: SecondFactors }) {
  return (
    <Group justify="space-between">
      <Text size="sm">
        {totp ? (
          <>
            {say('secondFactors.app')} · {say('secondFactors.since')} <DateTime value={totp.created_at} />
          </>
        ) : (
          say('secondFactors.none')
        )}
        {totp?.last_used_at && (
          <>
            {' '}
            · {say('secondFactors.lastUsed')} <DateTime value={totp.last_used_at} isRelative />
          </>
        )}
      </Text>
      {totp && !is_required && <RemoveApp />}
      <AddApp mayAdd={!totp} />
    </Group>
  )
}

function RemoveApp() {
  return (
    <ConfirmButton
      label={say('secondFactors.remove')}
      variant="default"
      size="xs"
      title={say('secondFactors.removeTitle')}
      confirmLabel={say('secondFactors.remove')}
      isDestructive
      change={useRemoveTotp()}
      variablesOf={() => undefined}
      success={say('secondFactors.removed')}
    >
      {say('secondFactors.removeText')}
    </ConfirmButton>
  )
}

/** The dialog stays when the app is added: it shows the recovery codes then. */
function AddApp({ mayAdd }: { mayAdd: boolean }) {
  const [isOpen, { open, close }] = useDisclosure()
  const begin = useBeginTotp()
  const start = () => begin.mutate(undefined, { onSettled: open })
  return (
    <>
      {mayAdd && (
        <Button variant="default" size="xs" loading={begin.isPending} onClick={start}>
          {say('secondFactors.add')}
        </Button>
      )}
      <Modal opened={isOpen} onClose={close} title={say('secondFactors.addTitle')} closeOnClickOutside={false}>
        {begin.error ? (
          <ErrorAlert error={begin.error} />
        ) : (
          begin.data && <SetUpForm setUp={begin.data} onClose={close} />
        )}
      </Modal>
    </>
  )
}

function SetUpForm({ setUp, onClose }: { setUp: SetUp; onClose: () => void }) {
  const confirm = useConfirmTotp()
  const [codes, setCodes] = useState<readonly string[]>()
  const form = usePageForm({
    initialValues: { totp: '' },
    validate: { totp: totpError },
    wishes: { totp: say('totp.wrong') }
  })
  const submit = form.onSubmit(({ totp }) => {
    if (confirm.isPending) return
    confirm.mutate(digitsOf(totp), {
      onSuccess: ({ recovery_codes }) => {
        setCodes(recovery_codes)
        showSuccess(say('secondFactors.added'))
      },
      onError: (error) => form.refuse(error)
    })
  })
  if (codes) return <Codes codes={codes} onClose={onClose} />
  return (
    <form method="post" noValidate onSubmit={submit}>
      <Stack>
        <TotpSetUp setUp={setUp} />
        <TotpCodeField data-autofocus key={form.key('totp')} {...form.getInputProps('totp')} />
        <FormProblem form={form} />
        <DialogButtons
          label={say('secondFactors.confirm')}
          isPending={confirm.isPending}
          isDestructive={false}
          onClose={onClose}
        />
      </Stack>
    </form>
  )
}

function Codes({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  return (
    <Stack>
      <RecoveryCodes codes={codes} />
      <Button onClick={onClose}>{say('recoveryCodes.saved')}</Button>
    </Stack>
  )
}

function RenewCodes() {
  const renew = useRenewRecoveryCodes()
  const [codes, setCodes] = useState<readonly string[]>()
  return (
    <>
      <ConfirmButton
        label={say('secondFactors.renew')}
        variant="default"
        size="xs"
        title={say('secondFactors.renewTitle')}
        confirmLabel={say('secondFactors.renewSubmit')}
        change={{
          ...renew,
          mutate: (_: undefined, { onSuccess }) =>
            renew.mutate(undefined, {
              onSuccess: ({ recovery_codes }) => {
                onSuccess()
                setCodes(recovery_codes)
              }
            })
        }}
        variablesOf={() => undefined}
      >
        {say('secondFactors.renewText')}
      </ConfirmButton>
      <Modal
        opened={codes !== undefined}
        onClose={() => setCodes(undefined)}
        title={say('secondFactors.renewTitle')}
        closeOnClickOutside={false}
      >
        {codes && <Codes codes={codes} onClose={() => setCodes(undefined)} />}
      </Modal>
    </>
  )
}

function TrustedDevices({ devices }: { devices: SecondFactors['trusted_devices'] }) {
  const forget = useForgetDevice()
  return (
    <Stack gap="xs">
      <Title order={3} size="h5">
        {say('secondFactors.trusted')}
      </Title>
      {forget.error && <ErrorAlert error={forget.error} />}
      {devices.map(({ id, user_agent, address, last_used_at }) => (
        <Group key={id} justify="space-between">
          <Text size="sm">
            {deviceOf(user_agent)} · {address} · {say('secondFactors.lastUsed')}{' '}
            <DateTime value={last_used_at} isRelative />
          </Text>
          <Button
            variant="default"
            size="xs"
            aria-label={say('secondFactors.forgetOf', { device: deviceOf(user_agent), address })}
            loading={forget.isPending && forget.variables === id}
            onClick={() => forget.mutate(id, { onSuccess: () => showSuccess(say('secondFactors.forgotten')) })}
          >
            {say('secondFactors.forget')}
          </Button>
        </Group>
      ))}
    </Stack>
  )
}
