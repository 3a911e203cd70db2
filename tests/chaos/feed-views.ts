/** Verifiers in this process, whose views can be compared with the outbox entry by entry. */
import { setTimeout as delay } from 'node:timers/promises'
import { query } from '@countersign/testing/trio'
import {
  type AccessTokenVerifier,
  createAccessTokenVerifier,
  type RevocationEntry,
  type RevocationFeed,
  toHttpResponse,
  VerifierError
} from '@countersign/verifier'
import type { Observer, Session } from './feed-traffic.ts'

export interface LocalVerifier extends Observer {
  readonly verifier: AccessTokenVerifier
  /** Every value that its view has received. */
  readonly heard: ReadonlySet<string>
}

export interface LocalVerifierOptions {
  readonly issuer: string
  readonly issuerUrl: string
  readonly feed: RevocationFeed
  readonly maxStalenessSeconds?: number
}

export function createLocalVerifier(
  name: string,
  { issuer, issuerUrl, feed, maxStalenessSeconds }: LocalVerifierOptions
): LocalVerifier {
  const heard = new Set<string>()
  const verifier = createAccessTokenVerifier({
    issuer,
    audience: 'http://api.test',
    jwksUri: `${issuerUrl}/.well-known/jwks.json`,
    revocations: {
      maxStalenessSeconds,
      feed: overheard(feed, (entries) => entries.forEach(({ value }) => void heard.add(value)))
    },
    logger: { info: () => {}, warn: () => {} }
  })
  const ask = async (accessToken: string): Promise<number> => {
    try {
      await verifier.verify(accessToken)
      return 200
    } catch (error) {
      if (error instanceof VerifierError) return toHttpResponse(error).status
      throw error
    }
  }
  return { name, pauseMs: 20, verifier, heard, ask }
}

/** The same feed; its events are also observed here. */
function overheard(feed: RevocationFeed, onEntries: (entries: readonly RevocationEntry[]) => void): RevocationFeed {
  return {
    ...feed,
    follow: (sink, clock, verifier) =>
      feed.follow(
        {
          ...sink,
          add(entries) {
            onEntries(entries)
            sink.add(entries)
          }
        },
        clock,
        verifier
      )
  }
}

export function staleViews(verifiers: readonly LocalVerifier[]): string[] {
  return verifiers
    .filter(({ verifier }) => !verifier.status().revocations?.isCurrent)
    .map(({ name }) => `${name} is not current`)
}

/** Asks about a session that is valid and about the last ones that are revoked. */
export async function wrongResponses(
  observers: readonly Observer[],
  { good, revoked }: { readonly good: readonly Session[]; readonly revoked: readonly Session[] }
): Promise<string[]> {
  const found: string[] = []
  const probes = [...good.slice(0, 1), ...revoked.slice(-12)]
  for (const { name, ask } of observers) {
    for (const { accessToken, revocation } of probes) {
      const status = await ask(accessToken)
      if (status !== (revocation ? 401 : 200)) {
        found.push(`${name} responds with ${status} to a ${revocation ? 'revoked' : 'good'} token`)
      }
    }
  }
  return found
}

/** Views that lack live entries of the outbox. */
export async function incompleteViews(verifiers: readonly LocalVerifier[], databaseUrl: string): Promise<string[]> {
  const outbox = await readOutbox(databaseUrl)
  return verifiers.flatMap(({ name, heard }) => {
    const missing = outbox.filter((value) => !heard.has(value)).length
    return missing === 0 ? [] : [`${name} misses ${missing} entries`]
  })
}

/** Views that hold what is not in the outbox. Not for Redis, where issuers also publish what revokes nothing. */
export async function excessiveViews(verifiers: readonly LocalVerifier[], databaseUrl: string): Promise<string[]> {
  const views = verifiers.map(({ name, heard }) => ({ name, values: [...heard] }))
  const outbox = new Set(await readOutbox(databaseUrl))
  return views.flatMap(({ name, values }) => {
    const unknown = values.filter((value) => !outbox.has(value)).length
    return unknown === 0 ? [] : [`${name} has ${unknown} entries that are not in the outbox`]
  })
}

async function readOutbox(databaseUrl: string): Promise<string[]> {
  const rows = await query<{ value: string }>(
    databaseUrl,
    'SELECT value FROM revocations WHERE expires_at > clock_timestamp()'
  )
  return rows.map(({ value }) => value)
}

/** Searches until nothing is found, or until the time is over. @returns what was found last */
export async function untilNothingFound(search: () => Promise<string[]>, withinMs: number): Promise<string[]> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const found = await search()
    if (found.length === 0 || performance.now() > deadline) return found
    await delay(50)
  }
}

/** The findings of the first search that finds something: the cheap ones come first. */
export async function firstFindings(...searches: (() => string[] | Promise<string[]>)[]): Promise<string[]> {
  for (const search of searches) {
    const found = await search()
    if (found.length > 0) return found
  }
  return []
}
