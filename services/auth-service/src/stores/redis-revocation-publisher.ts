import { randomUUID } from 'node:crypto'
import type { RevocationEntry } from '@countersign/oauth'
import {
  createRedisLink,
  isEpochOfRun,
  type RedisLinkOptions,
  type RedisSession,
  revocationKeys
} from '@countersign/verifier/redis'
import type { RevocationPublisher } from '../revocation/revocation-publisher.ts'
import {
  beginRebuildScript,
  finishRebuildScript,
  publishScript,
  rebuildBatchScript,
  runScript,
  trimScript
} from './redis-revocation-scripts.ts'

export type RedisRevocationPublisherOptions = RedisLinkOptions & {
  /** The longest that an entry can live after its publication, in seconds: older messages are trimmed. */
  readonly maxEntryLifeSeconds: number
}

const { stream, epoch } = revocationKeys
const chunkSize = 500
/** Someone waits for a publication, nobody for a rebuild. */
const answerMilliseconds = 500
const rebuildAnswerMilliseconds = 5_000
/** A rebuild that stalls for longer has failed. */
const progressLifeMilliseconds = 120_000
/** What the clocks of Redis and of the issuer may differ by. */
const clockSkewMilliseconds = 60_000

/** Publishes to Redis or Valkey, in the form of docs/revocation-feed.md. Not connected before it is used. */
export function createRedisRevocationPublisher(options: RedisRevocationPublisherOptions): RevocationPublisher {
  const longestLife = options.maxEntryLifeSeconds * 1000 + clockSkewMilliseconds
  if (!(longestLife > clockSkewMilliseconds)) throw new TypeError('maxEntryLifeSeconds must be a positive number')
  const link = createRedisLink(options)

  return {
    async publish(entries) {
      for (const chunk of chunks(entries)) {
        const keys = [stream, epoch, ...entryKeys(chunk)]
        const values = [longestLife, ...entryValues(chunk)]
        await link.run(answerMilliseconds, ({ client }) => runScript(client, publishScript, keys, values))
      }
    },
    isIntact: () =>
      link.run(answerMilliseconds, async ({ client, runId }) => {
        const [name, streams] = await Promise.all([client.get(epoch), client.exists(stream)])
        return streams === 1 && isEpochOfRun(name, runId)
      }),
    async rebuild(batches) {
      const rebuild = await beginRebuild()
      for await (const batch of batches) {
        for (const chunk of chunks(batch)) await rebuild.write(chunk)
      }
      await rebuild.finish()
    },
    async trim() {
      await link.run(answerMilliseconds, ({ client }) => runScript(client, trimScript, [stream], [longestLife]))
    },
    close: () => link.close()
  }

  /**
   * Every step asks whether all steps before it are still in Redis, by a counter that lives and dies with them. All run
   * on one server process: what another replica published to a process that has gone since may be lost, although the
   * outbox was read before and the counter has survived.
   */
  async function beginRebuild() {
    const id = randomUUID()
    const keys = [stream, epoch, revocationKeys.rebuild(id)]
    let startedOn: string | undefined
    let written = 0
    const step = (work: (session: RedisSession) => Promise<void>) =>
      link.run(rebuildAnswerMilliseconds, async (session) => {
        startedOn ??= session.runId
        if (session.runId !== startedOn) throw new Error('Redis is another server process than when the rebuild began')
        await work(session)
      })

    await step(({ client, runId }) => runScript(client, beginRebuildScript, keys, [runId, progressLifeMilliseconds]))
    return {
      async write(entries: readonly RevocationEntry[]) {
        const values = [written, progressLifeMilliseconds, longestLife, ...entryValues(entries)]
        await step(({ client }) => runScript(client, rebuildBatchScript, [...keys, ...entryKeys(entries)], values))
        written++
      },
      finish: () =>
        step(({ client, runId }) => runScript(client, finishRebuildScript, keys, [written, `${id}.${runId}`]))
    }
  }
}

function entryKeys(entries: readonly RevocationEntry[]): string[] {
  return entries.map(({ kind, value }) => revocationKeys.entry(kind, value))
}

function entryValues(entries: readonly RevocationEntry[]): (string | number)[] {
  return entries.flatMap(({ kind, value, expiresAt }) => [kind, value, Math.ceil(expiresAt)])
}

function* chunks<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += chunkSize) yield all.slice(at, at + chunkSize)
}
