import fc from 'fast-check'
import { api, challenge, clients, otherApi, redirectUri, verifier } from './requests.ts'

/** The clients with a redirect URI on https: for those of native apps oidc-provider asks each time. */
const webClients = clients.filter(({ type }) => type === 'web')

export interface RandomExchange {
  readonly clientId: string
  readonly hasChallenge: boolean
  readonly code: 'fresh' | 'used' | 'of another client' | 'unknown' | 'none'
  readonly authentication: 'right' | 'wrong secret' | 'none' | 'by both methods' | 'empty secret'
  readonly parameters: Readonly<Record<string, string | undefined>>
}

const weighted = <T>(...choices: readonly (readonly [number, T])[]) =>
  fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })))

export const randomExchanges: fc.Arbitrary<RandomExchange> = fc.record({
  clientId: fc.constantFrom(...webClients.map(({ id }) => id)),
  hasChallenge: weighted([8, true], [3, false]),
  code: weighted<RandomExchange['code']>(
    [12, 'fresh'],
    [2, 'used'],
    [2, 'of another client'],
    [1, 'unknown'],
    [1, 'none']
  ),
  authentication: weighted<RandomExchange['authentication']>(
    [12, 'right'],
    [1, 'wrong secret'],
    [1, 'none'],
    [1, 'by both methods'],
    [1, 'empty secret']
  ),
  parameters: fc.record({
    grant_type: weighted<string | undefined>([20, 'authorization_code'], [1, undefined], [1, 'nonsense']),
    redirect_uri: weighted<string | undefined>([14, redirectUri], [1, `${redirectUri}/`], [1, undefined]),
    code_verifier: weighted<string | undefined>(
      [14, verifier],
      [2, undefined],
      [1, verifier.slice(1)],
      [1, 'a'.repeat(43)],
      [1, challenge]
    ),
    resource: weighted<string | undefined>([16, undefined], [2, api], [1, otherApi])
  })
})
