import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { request } from '../api/request.ts'
import type { PasskeyRequestOptions, Passkeys, SignedIn } from '../api/types.ts'
import { requireCookies } from './cookie-check.ts'
import {
  type Assertion,
  forgetPasskey,
  getAssertion,
  hasPasskeyAutofill,
  hasPasskeys,
  type Options,
  stopPasskeys
} from './passkey-ceremonies.ts'
import { begin } from './sign-in.ts'

export const passkeysKey = ['account', 'passkeys'] as const

/** A challenge is good for 10 minutes. */
const autofillMs = 9 * 60_000

/** Asks for a passkey, and shows it to the service. */
async function show(
  optionsPath: string,
  body: object | undefined,
  send: (credential: Assertion) => Promise<SignedIn>
): Promise<SignedIn> {
  const { options } = await request<PasskeyRequestOptions>(optionsPath, { method: 'POST', ...(body && { body }) })
  return sendAssertion(options, await getAssertion(options), send)
}

async function sendAssertion(
  options: Options,
  credential: Assertion,
  send: (credential: Assertion) => Promise<SignedIn>
): Promise<SignedIn> {
  try {
    return await send(credential)
  } catch (error) {
    forgetPasskey(error, options.rpId, credential)
    throw error
  }
}

const ask = () => request<PasskeyRequestOptions>('/bff/session/passkey/options', { method: 'POST', body: {} })
const signIn = (credential: Assertion) =>
  request<SignedIn>('/bff/session/passkey', { method: 'POST', body: { credential } })

/** A passkey that was chosen in the field of the username, or is yet to be chosen. */
type Chosen = { options: Options; credential: Assertion } | undefined

/**
 * Signs in with a passkey, by a button or, where the browser can, in the field of the username, whose `autocomplete` has to end with
 * `webauthn`.
 */
export function usePasskeySignIn(isOffered: boolean) {
  const client = useQueryClient()
  const [round, setRound] = useState(0)
  const { mutate, ...mutation } = useMutation({
    mutationFn: async (chosen: Chosen) => {
      await requireCookies()
      if (chosen) return sendAssertion(chosen.options, chosen.credential, signIn)
      const { options } = await ask()
      return sendAssertion(options, await getAssertion(options), signIn)
    },
    gcTime: 0,
    onSuccess: (session) => begin(client, session),
    // The button has ended what waited in the field.
    onError: () => setRound((before) => before + 1)
  })
  useEffect(() => {
    if (!isOffered) return
    const left = new AbortController()
    void offerInField(left.signal, round).then((chosen) => chosen && mutate(chosen))
    return () => {
      left.abort()
      stopPasskeys()
    }
  }, [isOffered, round, mutate])
  return { isPending: mutation.isPending, error: mutation.error, onClick: () => mutate(undefined) }
}

/** @returns `undefined` when the page was left, or something else asked for a passkey */
async function offerInField(left: AbortSignal, _round: number): Promise<Chosen> {
  if (!(await hasPasskeyAutofill().catch(() => false))) return undefined
  while (!left.aborted) {
    const asked = await ask().catch(() => undefined)
    if (!asked || left.aborted) return undefined
    let isOld = false
    const renewal = setTimeout(() => {
      isOld = true
      stopPasskeys()
    }, autofillMs)
    try {
      return { options: asked.options, credential: await getAssertion(asked.options, true) }
    } catch {
      if (!isOld) return undefined
    } finally {
      clearTimeout(renewal)
    }
  }
  return undefined
}

/** Shows a passkey as the second factor of a sign-in, or of a re-authentication. */
export function usePasskeyFactor() {
  return useMutation({
    mutationFn: (trust_device: boolean) =>
      show('/bff/session/passkey/options', { second_factor: true }, (passkey) =>
        request('/bff/session/factor', { method: 'POST', body: { passkey, ...(trust_device && { trust_device }) } })
      ),
    gcTime: 0
  })
}

/** Signs in again within a session. */
export function usePasskeyStepUp() {
  return useMutation({
    mutationFn: () =>
      show('/account/auth/step-up/passkey/options', undefined, (credential) =>
        request('/bff/session/step-up/passkey', { method: 'POST', body: { credential } })
      ),
    gcTime: 0
  })
}

export function usePasskeys() {
  return useQuery({
    queryKey: passkeysKey,
    queryFn: ({ signal }) => request<Passkeys>('/account/auth/me/passkeys', { signal })
  })
}

/** Whether the user has one, and this browser may be able to use it. */
export function useHasPasskey(): boolean {
  const { data } = usePasskeys()
  return hasPasskeys() && (data?.passkeys.length ?? 0) > 0
}
