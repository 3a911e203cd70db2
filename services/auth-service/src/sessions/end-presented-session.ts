import { InvalidDpopProofError } from '@countersign/oauth'
import type { DpopKey } from '../tokens/dpop-key.ts'
import type { EndCause } from './refresh-token-families.ts'
import type { Sessions } from './sessions.ts'

interface PresentedSession {
  readonly familyId: string
  readonly clientId?: string
  readonly dpopKey: DpopKey | undefined
}

/**
 * Ends the session of a refresh token that a client presents.
 * @throws {InvalidDpopProofError} when the token is bound to a key of which the request has no proof: a thief cannot end it
 */
export async function endPresentedSession(
  sessions: Pick<Sessions, 'endPresented'>,
  { dpopKey, ...presented }: PresentedSession,
  cause: EndCause
): Promise<void> {
  await dpopKey?.markUsed()
  const ended = await sessions.endPresented({ ...presented, jkt: dpopKey?.jkt }, cause)
  if (!ended) throw unprovenKey()
}

/** What a client gets that presents a token without a proof of the key that the token is bound to. */
export function unprovenKey(): InvalidDpopProofError {
  return new InvalidDpopProofError({
    description: 'The token is bound to a key: the request needs a DPoP proof of that key.'
  })
}
