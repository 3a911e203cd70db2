import type { AttemptCount } from './attempt-counters.ts'
import { prefixesOf } from './networks.ts'

export interface SignInLimitSettings {
  readonly signInLimitWindowSeconds: number
  readonly signInFailuresPerAddress: number
  readonly signInFailuresPerAccountAndAddress: number
  readonly signInFailuresPerAccount: number
  readonly signInsPerAccountAndAddress: number
  readonly signInsPerAccount: number
}

export interface Guess {
  readonly usernameKey: string
  /** When what was given may be a verified e-mail address. */
  readonly emailKey?: string | undefined
  readonly address: string
  /** The device token of an earlier sign-in, from the browser. */
  readonly device?: { readonly id: string; readonly userId: string } | undefined
}

/** The counters of a sign-in. */
export interface SignInCounts {
  /** Failures of the address, and of the larger networks around it. */
  readonly networks: readonly AttemptCount[]
  /** Failures of this account from this network. */
  readonly pair: AttemptCount
  /** Failures of this account from the larger networks. */
  readonly pairsOfPrefixes: readonly AttemptCount[]
  readonly account: AttemptCount
  /** Failures of the device. */
  readonly device: AttemptCount | undefined
  /** Successful sign-ins. */
  readonly successes: readonly AttemptCount[]
}

export function signInCounts(settings: SignInLimitSettings, { usernameKey, address, device }: Guess): SignInCounts {
  const windowSeconds = settings.signInLimitWindowSeconds
  const count = (name: string, key: string, limit: number): AttemptCount => ({ name, key, limit, windowSeconds })
  const prefixes = prefixesOf(address)
  const [pair, ...pairsOfPrefixes] = prefixes.map(({ network, limitFactor }) => {
    const limit = Math.ceil(settings.signInFailuresPerAccountAndAddress * limitFactor)
    return count('account-address', `${network} ${usernameKey}`, limit)
  })
  return {
    networks: prefixes.map(({ network, limitFactor }) =>
      count('address', network, Math.ceil(settings.signInFailuresPerAddress * limitFactor))
    ),
    pair: pair as AttemptCount,
    pairsOfPrefixes,
    account: count('account', usernameKey, settings.signInFailuresPerAccount),
    device: device && count('device', device.id, settings.signInFailuresPerAccountAndAddress),
    successes: [
      count('signed-in-address', `${prefixes[0].network} ${usernameKey}`, settings.signInsPerAccountAndAddress),
      count('signed-in', usernameKey, settings.signInsPerAccount)
    ]
  }
}
