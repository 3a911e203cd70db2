import { InvalidDpopProofError } from '@countersign/oauth'
import type { OutboxEntry } from '../revocation/revocation-outbox.ts'
import type { EndCause, RefreshTokenFamilies } from '../sessions/refresh-token-families.ts'
import type { DpopKey } from '../tokens/dpop-key.ts'

interface PresentedFamily {
  readonly familyId: string
  readonly clientId?: string
  readonly dpopKey: DpopKey | undefined
}

/**
 * Ends the family of a refresh token that a client presents.
 * @throws {InvalidDpopProofError} when the token is bound to a key of which the request has no proof: a thief cannot end it
 */
export async function endPresentedFamily(
  families: RefreshTokenFamilies,
  { dpopKey, ...presented }: PresentedFamily,
  cause: EndCause
): Promise<readonly OutboxEntry[]> {
  await dpopKey?.markUsed()
  const ended = await families.endPresented({ ...presented, jkt: dpopKey?.jkt }, cause)
  if (!ended) throw unprovenKey()
  return ended.entries
}

/** What a client gets that presents a token without a proof of the key that the token is bound to. */
export function unprovenKey(): InvalidDpopProofError {
  return new InvalidDpopProofError({
    description: 'The token is bound to a key: the request needs a DPoP proof of that key.'
  })
}
