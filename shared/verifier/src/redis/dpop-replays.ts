import type { DpopReplays } from '../dpop/replays.ts'
import { checkLinkOptions, createRedisLink, type RedisLinkOptions } from './link.ts'

const replyMilliseconds = 500

/**
 * A replay cache of used DPoP proofs in Redis, for all replicas: the `dpop.replays` of `createAccessTokenVerifier`. It
 * rejects when Redis does not reply within half a second. Not connected before it is needed. A mistake in the options is
 * a `TypeError`.
 */
export function redisDpopReplays(options: RedisLinkOptions): DpopReplays {
  checkLinkOptions(options)
  const link = createRedisLink(options)
  return {
    markUsed: (replayKey, expiresAt) =>
      link.run(replyMilliseconds, async ({ client }) => {
        const value = Math.max(1, Math.ceil(expiresAt * 1000 - Date.now()))
        const expiration = { type: 'PX', value } as const
        const reply = await client.set(dpopProofKey(replayKey), '1', { condition: 'NX', expiration })
        return reply === 'OK'
      }),
    close: () => link.close()
  }
}

/** The key exists while a replay of the proof is rejected. */
export function dpopProofKey(replayKey: string): string {
  return `{countersign}:proof:${replayKey}`
}
