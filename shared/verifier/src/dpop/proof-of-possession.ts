import type { AccessTokenClaims } from '../access-token-profile.ts'
import type { Clock } from '../clock.ts'
import { DpopProofError, DpopReplaysUnavailableError, TokenBindingError } from '../errors.ts'
import { checkMethods } from '../option-checks.ts'
import { checkProofMaxAge, defaultProofMaxAgeSeconds, verifyDpopProof } from './proof.ts'
import { createInProcessDpopReplays, type DpopReplays } from './replays.ts'

/** How a verifier checks DPoP proofs (RFC 9449). */
export interface DpopOptions {
  /** The replay cache of used proofs, for all replicas. The verifier closes it. Default: one in this process. */
  readonly replays?: DpopReplays | undefined
  /** How old a proof may be, in seconds, from 1 to 600. Default 60. */
  readonly maxAgeSeconds?: number | undefined
}

/** A request that presents its token under the scheme `DPoP`. */
export interface DpopPresentation {
  /** The value of its one `DPoP` header. */
  readonly proof: string | undefined
  readonly method: string
  /** The URL that the client used; query and fragment play no part. */
  readonly url: string
}

/** Requires a proof with each token that is bound to a key, so that its key holder alone can use it. */
export interface ProofOfPossession {
  /**
   * Rejects a token that is bound to a key and comes without a proof of that key, and one that is bound to none and comes
   * with a proof. The token must be verified before.
   *
   * @param presentation `undefined` for a token that was presented as a bearer token
   * @throws {TokenBindingError} {@link DpopProofError} {@link DpopReplaysUnavailableError}
   */
  require(
    token: string,
    claims: Pick<AccessTokenClaims, 'cnf'>,
    presentation: DpopPresentation | undefined
  ): Promise<void>
  close(): Promise<void>
}

/** A mistake in the options is a `TypeError`. */
export function createProofOfPossession(options: DpopOptions, clock: Clock): ProofOfPossession {
  const { replays = createInProcessDpopReplays({ clock }), maxAgeSeconds = defaultProofMaxAgeSeconds } = options
  checkMethods('dpop.replays', replays, ['markUsed'])
  checkProofMaxAge('dpop.maxAgeSeconds', maxAgeSeconds)

  const markUsed = async (replayKey: string, expiresAt: number): Promise<boolean> => {
    try {
      return (await replays.markUsed(replayKey, expiresAt)) === true
    } catch (cause) {
      throw new DpopReplaysUnavailableError({ detail: 'the proof could not be marked as used', cause })
    }
  }

  return {
    async require(token, { cnf }, presentation) {
      // RFC 9449 §7.1: a thief of the token would otherwise leave out the proof.
      if (!presentation) throw new TokenBindingError({ detail: 'a bound token was presented as a bearer token' })
      if (!cnf) throw new TokenBindingError({ detail: 'a token that is bound to no key was presented with DPoP' })
      const { proof, method, url } = presentation
      if (proof === undefined) throw new DpopProofError({ detail: 'no DPoP header' })
      const { jkt, replayKey, expiresAt } = await verifyDpopProof(proof, {
        method,
        url,
        accessToken: token,
        clock,
        maxAgeSeconds
      })
      if (jkt !== cnf.jkt) throw new TokenBindingError({ detail: 'the proof is of another key than cnf.jkt' })
      // Last, so that a request that is rejected anyway leaves nothing in the cache.
      if (!(await markUsed(replayKey, expiresAt))) throw new DpopProofError({ detail: 'the proof was used before' })
    },
    async close() {
      await replays.close?.()
    }
  }
}
