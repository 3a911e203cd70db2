import { randomUUID } from 'node:crypto'
import { writeRefusalOf } from '@countersign/service-kit'
import { type Clock, type RevocationEntry, systemClock } from '@countersign/verifier'
import {
  createRedisLink,
  isEpochOfRun,
  type RedisClient,
  type RedisLinkOptions,
  type RedisSession,
  requirePrimary,
  revocationKeys
} from '@countersign/verifier/redis'
import { ErrorReply } from 'redis'
import type { PublishedEntry, PublishedId, RevocationPublisher } from '../../revocation/revocation-publisher.ts'
import {
  beginRebuildScript,
  finishRebuildScript,
  holdScript,
  publishScript,
  rebuildBatchScript,
  runScript,
  trimScript
} from './revocation-scripts.ts'

export type RedisRevocationPublisherOptions = RedisLinkOptions & {
  /** Redis' own may be another: the one that is behind decides what has expired. */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

const { stream, length, epoch, outboxDrained, unpublished } = revocationKeys
const published = '{countersign}:published'
const databaseHeld = '{countersign}:database-held'
const databaseDecision = '{countersign}:database-decision'
const chunkSize = 500
/** Someone waits for a publication, nobody for a rebuild. */
const responseMilliseconds = 500
const rebuildResponseMilliseconds = 5_000
/** A rebuild that stalls for longer has failed. */
const progressLifetimeMilliseconds = 120_000
/** How long the issuer's confirmation of a published outbox is valid: it is renewed each second. */
const outboxDrainedMilliseconds = 3_000

/** Publishes to Redis or Valkey, in the form of docs/revocation-feed.md. Not connected before it is used. */
export function createRedisRevocationPublisher(options: RedisRevocationPublisherOptions): RevocationPublisher {
  const { clock = systemClock } = options
  const link = createRedisLink(options)
  /**
   * The server processes that publications were confirmed by. After a failover this replica may go on writing to the old
   * primary for a while, when another one has long declared the feed complete on the new primary: what was confirmed here
   * is missing there, and nothing in the new feed tells.
   */
  let publishedOn = new Set<string>()
  let isMemoryFull = false
  /** Counts the publications that failed: one that fails while a rebuild runs is not in it. */
  let failures = 0
  const isPublishedElsewhere = (runId: string) => [...publishedOn].some((run) => run !== runId)

  return {
    async publish(entries) {
      try {
        for (const chunk of chunks(entries)) {
          const keys = [stream, length, epoch, published, ...entryKeys(chunk)]
          await link.run(responseMilliseconds, async ({ client, runId }) => {
            await noteRefusals(runScript(client, publishScript, keys, [clock.now(), ...entryValues(chunk)]))
            publishedOn.add(runId)
          })
        }
      } catch (error) {
        failures++
        throw error
      }
    },
    isIntact: () =>
      link.run(responseMilliseconds, async ({ client, runId }) => {
        // One step, so that no publication comes between the length and its count.
        const multi = client.multi().get(epoch).exists(stream).xLen(stream).get(length)
        const [[name, streams, messages, counted]] = await Promise.all([multi.execTyped(), requirePrimary(client)])
        const isComplete = isEpochOfRun(name, runId) && streams === 1 && messages === Number(counted ?? Number.NaN)
        return isComplete && !isPublishedElsewhere(runId)
      }),
    async rebuild(batches) {
      const rebuild = await beginRebuild()
      const before = publishedOn
      publishedOn = new Set()
      try {
        for await (const batch of batches) {
          for (const chunk of chunks(batch)) await rebuild.write(chunk)
        }
        await rebuild.finish()
      } catch (error) {
        publishedOn = new Set([...before, ...publishedOn])
        throw error
      }
    },
    async confirmPublished() {
      await link.run(responseMilliseconds, async ({ client }) => {
        const { at, until } = await confirmationTimes(client)
        await noteRefusals(client.set(outboxDrained, String(at), { expiration: { type: 'PXAT', value: until } }))
      })
    },
    async reportBacklog() {
      await link.run(responseMilliseconds, async ({ client }) => {
        await requirePrimary(client)
        await client.publish(unpublished, '1')
        // Of the states that refuse writes, this one alone takes DEL: it stops verifiers that do not subscribe.
        if (isMemoryFull) await client.del(epoch)
      })
    },
    readDatabaseMemory: () =>
      link.run(responseMilliseconds, async ({ client }) => {
        const multi = client.multi().zRange(published, 0, -1).exists(databaseHeld).get(databaseDecision)
        const [[members, held, decision]] = await Promise.all([multi.execTyped(), requirePrimary(client)])
        return {
          isHeld: held === 1,
          decision: decision ?? undefined,
          lastPublished: members.flatMap(toPublishedId).toSorted((a, b) => Number(a.id - b.id))
        }
      }),
    holdDatabase: (decision) =>
      link.run(
        responseMilliseconds,
        async ({ client }) =>
          (await runScript(client, holdScript, [databaseHeld, databaseDecision], [decision ?? ''])) === 1
      ),
    async acceptDatabase() {
      await link.run(responseMilliseconds, ({ client }) =>
        client.multi().del([databaseHeld, published]).set(databaseDecision, randomUUID()).exec()
      )
    },
    async trim() {
      const trimOnce = () =>
        link.run(responseMilliseconds, ({ client }) => runScript(client, trimScript, [stream, length], [clock.now()]))
      while ((await trimOnce()) === 1);
    },
    close: () => link.close()
  }

  async function noteRefusals<T>(command: Promise<T>): Promise<T> {
    try {
      const result = await command
      isMemoryFull = false
      return result
    } catch (error) {
      const refusal = error instanceof ErrorReply ? writeRefusalOf(error) : undefined
      if (refusal) isMemoryFull = refusal === 'memory_full'
      throw error
    }
  }

  /**
   * Every step asks whether all steps before it are still in Redis, by a counter that lives and dies with them. All run
   * on one server process: what another replica published to a process that has gone since may be lost, although the
   * outbox was read before and the counter has survived.
   */
  async function beginRebuild() {
    const id = randomUUID()
    const failuresBefore = failures
    const keys = [stream, length, epoch, published, revocationKeys.rebuild(id)]
    let startedOn: string | undefined
    let written = 0
    const step = (work: (session: RedisSession) => Promise<unknown>) =>
      link.run(rebuildResponseMilliseconds, async (session) => {
        startedOn ??= session.runId
        if (session.runId !== startedOn) throw new Error('Redis is another server process than when the rebuild began')
        await work(session)
      })

    await step(({ client, runId }) => {
      const isLacking = isPublishedElsewhere(runId) ? 1 : 0
      return runScript(client, beginRebuildScript, keys, [runId, progressLifetimeMilliseconds, isLacking])
    })
    return {
      async write(entries: readonly PublishedEntry[]) {
        const values = [written, progressLifetimeMilliseconds, clock.now(), ...entryValues(entries)]
        await step(({ client }) => runScript(client, rebuildBatchScript, [...keys, ...entryKeys(entries)], values))
        written++
      },
      finish: () =>
        step(async ({ client, runId }) => {
          const { at, until } = await confirmationTimes(client)
          const confirmation = failures === failuresBefore ? [at, until] : []
          const values = [written, `${id}.${runId}`, ...confirmation]
          await runScript(client, finishRebuildScript, [...keys, outboxDrained], values)
          if (failures === failuresBefore) isMemoryFull = false
        })
    }
  }
}

/**
 * By the server's clock, in milliseconds since 1970-01-01 UTC. A Redis that stood still carries out late what was sent to it:
 * a confirmation that was valid when it was sent must not be valid then.
 */
async function confirmationTimes(client: RedisClient): Promise<{ at: number; until: number }> {
  const [seconds, microseconds] = await client.time()
  const at = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
  return { at, until: at + outboxDrainedMilliseconds }
}

function entryKeys(entries: readonly RevocationEntry[]): string[] {
  return entries.map(({ kind, value }) => revocationKeys.entry(kind, value))
}

function entryValues(entries: readonly PublishedEntry[]): (string | number)[] {
  return entries.flatMap(({ kind, value, expiresAt, id }) => [kind, value, Math.ceil(expiresAt), String(id ?? '')])
}

/** A member of the set of what was published last; what is no such member is passed over. */
function toPublishedId(member: string): PublishedId[] {
  const [, id, expiresAt] = /^(\d{1,16}):(\d{1,13})$/.exec(member) ?? []
  return id === undefined ? [] : [{ id: BigInt(id), expiresAt: Number(expiresAt) }]
}

function* chunks<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += chunkSize) yield all.slice(at, at + chunkSize)
}
