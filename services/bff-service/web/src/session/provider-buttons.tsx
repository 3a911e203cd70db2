import { Alert, Button, Divider, Stack, Text } from '@mantine/core'
import { useLocation } from 'react-router'
import { ErrorAlert } from '../components/error-alert.tsx'
import { isTextKey, say } from '../texts/say.ts'
import {
  type Journey,
  type OfferedProvider,
  useGoToProvider,
  useProviders,
  useProvidersForStepUp
} from './providers-api.ts'
import { pathOf } from './return-path.ts'
import type { NeededFactor } from './sign-in-flow.ts'

interface ProviderButtonsProps {
  returnPath: string
  /** Called before the browser leaves the page. */
  onLeave?: () => void
}

/** Signs in, or registers, with other services. Nothing where there is none. */
export function ProviderButtons({ returnPath, ...rest }: ProviderButtonsProps) {
  return <Buttons providers={useProviders()} journey={{ purpose: 'sign_in', return: returnPath }} {...rest} />
}

/** Signs in again with other services, above a page whose session has ended: the browser comes back to it, without what was typed. */
export function ProviderButtonsAbovePage() {
  return <ProviderButtons returnPath={useOwnPath()} />
}

/** Signs in again within the session, with the services that are linked to the account. Nothing where there is none. */
export function ProviderStepUpButtons() {
  return <Buttons providers={useProvidersForStepUp()} journey={{ purpose: 'step_up', return: useOwnPath() }} />
}

/** The path of this page, without what a journey before has said of itself. */
function useOwnPath(): string {
  const { pathname, search } = useLocation()
  const parameters = new URLSearchParams(search)
  parameters.delete('step_up_problem')
  const path = pathOf({ pathname, search: parameters.size > 0 ? `?${parameters}` : '' })
  return path.length <= longestReturn ? path : pathOf({ pathname, search: '' })
}

/** What the bff-service keeps meanwhile. */
const longestReturn = 1024

interface ButtonsProps {
  providers: readonly OfferedProvider[]
  journey: Omit<Journey, 'id'>
  onLeave?: () => void
}

function Buttons({ providers, journey, onLeave }: ButtonsProps) {
  const go = useGoToProvider()
  if (providers.length === 0) return null
  return (
    <Stack gap="sm">
      <Divider label={say('providers.or')} />
      {providers.map(({ id, name }) => (
        <Button
          key={id}
          variant="default"
          fullWidth
          loading={go.isPending && go.variables.id === id}
          disabled={go.isPending && go.variables.id !== id}
          onClick={() => {
            onLeave?.()
            go.mutate({ id, ...journey })
          }}
        >
          {say('providers.continueWith', { name })}
        </Button>
      ))}
      {go.isError && <ErrorAlert error={go.error} />}
    </Stack>
  )
}

/** Parameters of the address: after a sign-in or a link, and after signing in again within a session. */
export type ProblemParameter = 'problem' | 'step_up_problem'

/** Why the browser has come back from another service without what it went for; the bff-service says so in the address. */
export function ProviderProblem({ parameter = 'problem' }: { parameter?: ProblemParameter }) {
  const { search } = useLocation()
  const code = new URLSearchParams(search).get(parameter)
  // A second factor is asked for by the page itself.
  if (code === null || code === 'factor_required') return null
  return (
    <Alert color="red" role="alert">
      <Text size="sm">{textOf(code)}</Text>
    </Alert>
  )
}

/** The second factor that a sign-in with another service still needs, as the bff-service says it in the fragment of the address. */
export function neededAfterProvider(
  { search, hash }: { search: string; hash: string },
  parameter: ProblemParameter = 'problem'
): NeededFactor | undefined {
  if (new URLSearchParams(search).get(parameter) !== 'factor_required') return undefined
  try {
    const text = atob(hash.slice(1).replaceAll('-', '+').replaceAll('_', '/'))
    const { factors, enrolment } = JSON.parse(text) as NeededFactor
    return Array.isArray(factors) ? { factors, enrolment } : undefined
  } catch {
    return undefined
  }
}

function textOf(code: string): string {
  if (code === 'temporarily_unavailable') return say('providers.unavailable')
  if (code === 'not_signed_in' || code === 'invalid_token') return say('session.endedTitle')
  const key = `codes.${code}`
  return isTextKey(key) ? say(key) : say('providers.failed')
}
