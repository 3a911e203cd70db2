/**
 * One verifier process of the revoke-to-reject benchmark. It gets tokens and, the moment an entry has arrived in its
 * view, tries them, and reports when each was refused: by the machine's monotonic clock, which all processes share. It also
 * reports when a bare message was there, which is as fast as it could be.
 */
import { createAccessTokenVerifier, type RevocationFeed } from '@countersign/verifier'
import { redisRevocations } from '@countersign/verifier/redis'
import { createClient } from 'redis'
import { limitStream, type VerifierOptions } from './messages.ts'

const options = JSON.parse(process.argv[2] as string) as VerifierOptions
const { feed } = redisRevocations({ url: options.redisUrl })
const waiting = new Map<string, string>()

const observed: RevocationFeed = {
  ...feed,
  follow(sink, clock) {
    feed.follow(
      {
        ...sink,
        add(...entries) {
          sink.add(...entries)
          for (const [id, token] of waiting) tryToken(id, token)
        }
      },
      clock
    )
  }
}
const verifier = createAccessTokenVerifier({ ...options, revocations: { feed: observed } })

function tryToken(id: string, token: string): void {
  verifier.verify(token).then(
    () => {},
    (error: { code?: string }) => {
      const at = process.hrtime.bigint()
      if (error.code !== 'ERR_TOKEN_REVOKED' || !waiting.delete(id)) return
      process.send?.({ id, refusedAt: String(at) })
    }
  )
}

process.on('message', ({ id, token }: { id: string; token: string }) => {
  verifier.verify(token).then(
    () => {
      waiting.set(id, token)
      process.send?.({ id, acceptedOnce: true })
    },
    (error: unknown) => process.send?.({ id, error: String(error) })
  )
})
process.on('disconnect', () => process.exit(0))

/** Nothing but a blocking read, on a connection of its own. */
async function followBareMessages(): Promise<never> {
  const redis = createClient({ url: options.redisUrl })
  await redis.connect()
  for (let last = '0'; ; ) {
    const streams = (await redis.xRead({ key: limitStream, id: last }, { BLOCK: 0 })) as
      | { messages: { id: string; message: { id: string } }[] }[]
      | null
    const arrivedAt = String(process.hrtime.bigint())
    for (const { id, message } of streams?.[0]?.messages ?? []) {
      last = id
      process.send?.({ id: message.id, arrivedAt })
    }
  }
}

await verifier.ready()
void followBareMessages()
process.send?.({ ready: true })
