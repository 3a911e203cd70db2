import type { DpopReplays } from '../dpop/replays.ts'
import { checkLinkOptions, createRedisLink, type RedisLinkOptions } from './link.ts'

const answerMilliseconds = 500

/**
 * Remembers used DPoP proofs in Redis, for all replicas: what `createAccessTokenVerifier` takes as `dpop.replays`. It
 * rejects when Redis does not answer within half a second. Not connected before it is needed. A mistake in the options is
 * a `TypeError`.
 */
export function redisDpopReplays(options: RedisLinkOptions): DpopReplays {
  checkLinkOptions(options)
  const link = createRedisLink(options)
  return {
    markUsed: (replayKey, expiresAt) =>
      link.run(answerMilliseconds, async ({ client }) => {
        const value = Math.max(1, Math.ceil(expiresAt * 1000 - Date.now()))
        const expiration = { type: 'PX', value } as const
        const answer = await client.set(dpopProofKey(replayKey), '1', { condition: 'NX', expiration })
        return answer === 'OK'
      }),
    close: () => link.close()
  }
}

/** Exists while the proof is remembered. */
export function dpopProofKey(replayKey: string): string {
  return `{countersign}:proof:${replayKey}`
}
