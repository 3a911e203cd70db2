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
 * @throws {InvalidDpopProofError} when the token is bound to a key and the request has no proof of it: a thief cannot end the
 * session
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

/** The error for a client that presents a key-bound token without a proof of that key. */
export function unprovenKey(): InvalidDpopProofError {
  return new InvalidDpopProofError({
    description: 'The token is bound to a key: the request needs a DPoP proof of that key.'
  })
}
