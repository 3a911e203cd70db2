import { randomUUID } from 'node:crypto'
import { createClient } from 'redis'

/** A denylist in Redis as the auth-service writes it (docs/revocation-feed.md). */
export interface Denylist {
  /** The `jti` of some entry. */
  readonly revokedJti: string
  close(): Promise<void>
}

const lifetimeSeconds = 7200

/** A thousand entries at a time: a million of single commands would take minutes. `ARGV`: exp, lifetime in ms, the values. */
const publishScript = `
for at = 3, #ARGV do
  redis.call('SET', '{countersign}:revoked:jti:' .. ARGV[at], '1', 'PX', ARGV[2])
  redis.call('XADD', KEYS[1], '*', 'kind', 'jti', 'value', ARGV[at], 'exp', ARGV[1])
end
`

/** Writes a complete feed of so many revoked tokens, and confirms it until it is closed. */
export async function publishDenylist(redisUrl: string, entries: number): Promise<Denylist> {
  const redis = createClient({ url: redisUrl })
  // A lost connection fails the commands, and so the suite.
  redis.on('error', () => {})
  await redis.connect()
  const exp = String(Math.floor(Date.now() / 1000) + lifetimeSeconds)
  const revokedJti = randomUUID()
  for (let done = 0; done < entries; done += 1000) {
    const values = Array.from({ length: Math.min(1000, entries - done) }, (_, i) =>
      done + i === 0 ? revokedJti : randomUUID()
    )
    const args = [exp, String(lifetimeSeconds * 1000), ...values]
    await redis.eval(publishScript, { keys: ['{countersign}:revocations'], arguments: args })
  }
  const runId = /run_id:(\S+)/.exec(await redis.info('server'))?.[1]
  await redis.set('{countersign}:length', String(entries))
  await redis.set('{countersign}:epoch', `${randomUUID()}.${runId}`)
  const confirmPublished = () =>
    redis.set('{countersign}:swept', '1', { expiration: { type: 'PX', value: 3000 } }).catch(() => undefined)
  await confirmPublished()
  const timer = setInterval(confirmPublished, 1000)
  return {
    revokedJti,
    async close() {
      clearInterval(timer)
      redis.destroy()
    }
  }
}
