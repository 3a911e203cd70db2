import { InvalidDpopProofError, UseDpopNonceError } from '@countersign/oauth'
import { DpopNonceError, headerValues, VerifierError, verifyDpopProof } from '@countersign/verifier'
import type { Context, Middleware } from 'koa'
import type { DpopKey } from '../tokens/dpop-key.ts'
import type { DpopNonces } from '../tokens/dpop-nonces.ts'
import type { ReplayCache } from '../tokens/replay-cache.ts'

export interface ProofDeps {
  issuer: string
  replayCache: ReplayCache
  /** `undefined` when proofs need no nonce. */
  nonces: DpopNonces | undefined
}

/**
 * Checks the DPoP proof of a request (RFC 9449 §5), if there is one, and sets `ctx.state.dpopKey`: issued tokens are bound to
 * that key. The grant marks the proof as used.
 */
export function takeProof({ issuer, replayCache, nonces }: ProofDeps): Middleware {
  return function takeProof(ctx, next) {
    const proofs = headerValues(ctx.req, 'dpop')
    return proofs.length === 0 ? next() : check(proofs, ctx).then(next)
  }

  async function check([proof, ...others]: readonly string[], ctx: Context): Promise<void> {
    if (proof === undefined || others.length > 0) throw new InvalidDpopProofError({ detail: 'several DPoP headers' })
    const nonceHeader: Record<string, string> = nonces ? { 'DPoP-Nonce': nonces.current() } : {}
    ctx.set(nonceHeader)
    const expected = {
      method: ctx.method,
      // The address that clients use, whatever proxies are in front of this service.
      url: issuer + ctx.path,
      ...(nonces && { isAcceptedNonce: (nonce: string | undefined) => nonce !== undefined && nonces.isGood(nonce) })
    }
    try {
      const { jkt, replayKey, expiresAt } = await verifyDpopProof(proof, expected)
      const markUsed = async () => {
        if (await replayCache.markUsed('dpop_proof', replayKey, expiresAt)) return
        throw new InvalidDpopProofError({ detail: 'the proof was used before' })
      }
      ctx.state.dpopKey = { jkt, markUsed } satisfies DpopKey
    } catch (cause) {
      if (cause instanceof DpopNonceError) throw new UseDpopNonceError({ headers: nonceHeader, cause })
      if (cause instanceof VerifierError)
        throw new InvalidDpopProofError({ detail: cause.detail ?? cause.message, cause })
      throw cause
    }
  }
}
