import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
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

/** A challenge is valid for 10 minutes. */
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
  const [offer, setOffer] = useState({ waitsForUser: false })
  const offered = useRef<AbortController>(undefined)
  const { mutate, ...mutation } = useMutation({
    mutationFn: async (chosen: Chosen) => {
      await requireCookies()
      if (chosen) return sendAssertion(chosen.options, chosen.credential, signIn)
      const { options } = await ask()
      return sendAssertion(options, await getAssertion(options), signIn)
    },
    gcTime: 0,
    onSuccess: (session) => begin(client, session),
    // The button has ended what waited in the field, and a passkey of the field was refused.
    onError: (_, chosen) => setOffer({ waitsForUser: chosen !== undefined })
  })
  useEffect(() => {
    if (!isOffered) return
    const ended = new AbortController()
    offered.current = ended
    void offerInField(ended.signal, offer).then((chosen) => chosen && mutate(chosen))
    return () => {
      ended.abort()
      stopPasskeys()
    }
  }, [isOffered, offer, mutate])
  const onClick = () => {
    // Browsers let one request for a passkey wait: one that the field begins later would end the button's.
    offered.current?.abort()
    mutate(undefined)
  }
  return { isPending: mutation.isPending, error: mutation.error, onClick }
}

/** @returns `undefined` when it `ended`, since the page was left or the button was used, or when another request replaced it */
async function offerInField(ended: AbortSignal, { waitsForUser }: { waitsForUser: boolean }): Promise<Chosen> {
  if (!(await hasPasskeyAutofill().catch(() => false))) return undefined
  if (waitsForUser) await userActs(ended)
  while (!ended.aborted) {
    const asked = await ask().catch(() => undefined)
    if (!asked || ended.aborted) return undefined
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

/** An authenticator that responds without a person would be asked, and refused, again and again. */
function userActs(ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    for (const type of ['pointerdown', 'keydown'])
      addEventListener(type, () => resolve(), { once: true, signal: ended })
  })
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
