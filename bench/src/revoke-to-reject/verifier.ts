/**
 * One verifier process of the revoke-to-reject benchmark. It is told tokens and, the moment an entry has arrived in its
 * view, tries them, and reports when each was refused: by the machine's monotonic clock, which all processes share.
 */
import { createAccessTokenVerifier, type RevocationFeed } from '@countersign/verifier'
import { redisRevocations } from '@countersign/verifier/redis'

interface Options {
  issuer: string
  audience: string
  jwksUri: string
  redisUrl: string
}

const options = JSON.parse(process.argv[2] as string) as Options
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

await verifier.ready()
process.send?.({ ready: true })
