import { TemporarilyUnavailableError } from '@countersign/oauth'
import { decodeProtectedHeader } from 'jose'
import type { FeedStreams } from '../../revocation/feed/feed-streams.ts'
import type { RevocationOutbox } from '../../revocation/revocation-outbox.ts'
import { EventStream } from '../../routing/event-stream.ts'
import { defineRoute } from '../../routing/route.ts'
import { feedEvents, feedQuery, revocableIdentifiers, revocationResponse } from '../../wire/revocations.ts'

export interface RevocationFeedDeps {
  feedStreams: Pick<FeedStreams, 'hasRoom' | 'open'>
}

/** `GET /revocations/feed`: what is denied now, and then what comes, as Server-Sent Events. */
export const revocationFeed = defineRoute(
  {
    method: 'get',
    path: '/revocations/feed',
    summary: 'Follow revocations, as Server-Sent Events',
    access: 'revocations-reader',
    query: feedQuery,
    response: { status: 200, schema: feedEvents, isEventStream: true }
  },
  ({ feedStreams }: RevocationFeedDeps) =>
    ({ query: { nonce }, accessToken: token, ctx }) => {
      if (!feedStreams.hasRoom(token?.client_id)) {
        throw new TemporarilyUnavailableError({
          detail: 'REVOCATION_FEED_STREAMS are open, or half of them by this client'
        })
      }
      const lastEventId = ctx.get('Last-Event-ID')
      const opener = token && { ...token, kid: kidOf(ctx.get('Authorization')) }
      return new EventStream((response) => feedStreams.open({ nonce, lastEventId, token: opener }, response))
    }
)

/** The `kid` of a token that was accepted. */
function kidOf(authorization: string): string | undefined {
  return decodeProtectedHeader(authorization.replace(/^\S+ +/, '')).kid
}

export interface RevocationCheckDeps {
  outbox: Pick<RevocationOutbox, 'isAnyRevoked'>
}

/** `POST /revocations/check`: for a verifier that cannot follow the feed at the moment. */
export const revocationCheck = defineRoute(
  {
    method: 'post',
    path: '/revocations/check',
    summary: 'Check whether a token, its session or its key is revoked',
    access: 'revocations-reader',
    body: revocableIdentifiers,
    response: { status: 200, schema: revocationResponse }
  },
  ({ outbox }: RevocationCheckDeps) =>
    async ({ body }) => ({ revoked: await outbox.isAnyRevoked(body) })
)
