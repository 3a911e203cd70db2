import { InvalidDpopProofError } from '@countersign/oauth'
import type { EndCause, RefreshTokenFamilies } from '../grants/refresh-token-families.ts'
import type { OutboxEntry } from '../revocation/revocation-outbox.ts'
import type { ProvenKey } from '../tokens/proven-key.ts'

interface PresentedFamily {
  readonly familyId: string
  readonly clientId?: string
  readonly provenKey: ProvenKey | undefined
}

/**
 * Ends the family of a refresh token that a client presents.
 * @throws {InvalidDpopProofError} when the token is bound to a key that the request has not proven: a thief cannot end it
 */
export async function endPresentedFamily(
  families: RefreshTokenFamilies,
  { provenKey, ...presented }: PresentedFamily,
  cause: EndCause
): Promise<readonly OutboxEntry[]> {
  await provenKey?.claim()
  const ended = await families.endPresented({ ...presented, jkt: provenKey?.jkt }, cause)
  if (!ended) throw unprovenKey()
  return ended.entries
}

/** What a client gets that presents a token without a proof of the key that the token is bound to. */
export function unprovenKey(): InvalidDpopProofError {
  return new InvalidDpopProofError({
    description: 'The token is bound to a key: the request needs a DPoP proof of that key.'
  })
}
