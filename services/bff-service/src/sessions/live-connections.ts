/** Connections that outlive their request: WebSockets and streams of events. Each ends with the session that opened it. */
import { NotSignedInError, TooManyRequestsError } from '@countersign/oauth'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { ClientInfo } from '../issuer/issuer-client.ts'
import type { OnRevoked, RevocationListener } from '../issuer/revocation-listener.ts'
import type { PresentedSession, SessionService } from './session-service.ts'

export interface LiveConnection {
  readonly session: PresentedSession
  /** The token that opened it. */
  readonly accessToken: string
  readonly browser: ClientInfo
  /** Called when the session, or the token, is no longer valid. */
  end(): void
}

export interface LiveConnections {
  /**
   * Watches a connection from now on.
   * @returns what has to be called when it has ended by itself
   * @throws {TooManyRequestsError} when the session, or this service, has too many
   */
  add(connection: LiveConnection): () => void
  /** Ends all of a session that was signed out here. @param sessionId the issuer's id for it (`sid`) */
  endOf(sessionId: string): void
  readonly count: number
  /** Ends all of them. */
  endAll(): void
  close(): Promise<void>
}

export interface LiveConnectionsDeps {
  readonly sessions: Pick<SessionService, 'find' | 'confirm'>
  /** Called with the first connection. */
  readonly listen: (onRevoked: OnRevoked) => RevocationListener
  readonly clock: { now(): number }
}

interface Watched {
  session: PresentedSession
  readonly browser: ClientInfo
  readonly connections: Set<LiveConnection>
  checkedAt: number
  isChecking: boolean
  /** Whether the issuer has confirmed the session since it is watched: only this finds a revocation from just before. */
  isConfirmed: boolean
}

const maxOfSession = 64
const maxOfService = 10_000
const tickMs = 1_000
/** While no revocations arrive, the issuer is asked about each session this often. */
const askEveryMs = 5_000
const maxChecksAtOnce = 16

export function createLiveConnections({ sessions, listen, clock }: LiveConnectionsDeps): LiveConnections {
  const watched = new Map<string, Watched>()
  let count = 0
  let checks = 0
  let listener: RevocationListener | undefined
  let timer: NodeJS.Timeout | undefined

  return {
    add(connection) {
      const { sessionId } = connection.session
      const ofSession = watched.get(sessionId)
      if (count >= maxOfService || (ofSession?.connections.size ?? 0) >= maxOfSession) throw tooMany()
      listener ??= listen(onRevoked)
      timer ??= setInterval(tick, tickMs).unref()
      const entry = ofSession ?? watch(connection)
      entry.connections.add(connection)
      count += 1
      return () => forget(sessionId, entry, connection)
    },
    endOf,
    get count() {
      return count
    },
    endAll() {
      for (const sessionId of watched.keys()) endOf(sessionId)
    },
    async close() {
      clearInterval(timer)
      await listener?.close()
    }
  }

  function watch({ session, browser }: LiveConnection): Watched {
    const connections = new Set<LiveConnection>()
    const entry = { session, browser, connections, checkedAt: 0, isChecking: false, isConfirmed: false }
    watched.set(session.sessionId, entry)
    // It may have been revoked before this service began to listen.
    void check(entry)
    return entry
  }

  function forget(sessionId: string, entry: Watched, connection: LiveConnection): void {
    if (!entry.connections.delete(connection)) return
    count -= 1
    if (entry.connections.size === 0 && watched.get(sessionId) === entry) watched.delete(sessionId)
    if (count > 0) return
    clearInterval(timer)
    timer = undefined
  }

  /** Stops watching first, so that the issuer is asked about a connection that comes now. */
  function endOf(sessionId: string): void {
    const { connections = [] } = watched.get(sessionId) ?? {}
    watched.delete(sessionId)
    for (const connection of connections) connection.end()
  }

  function onRevoked(kind: string, value: string): void {
    if (kind === 'sid') endOf(value)
    else endOpenedBy(kind, value)
  }

  function endOpenedBy(kind: string, value: string): void {
    for (const { connections } of watched.values()) {
      for (const connection of connections) if (isOpenedBy(connection, kind, value)) connection.end()
    }
  }

  function tick(): void {
    for (const entry of watched.values()) {
      if (checks >= maxChecksAtOnce) return
      if (!entry.isChecking && isDue(entry)) void check(entry)
    }
  }

  function isDue({ session, checkedAt, isConfirmed }: Watched): boolean {
    const now = clock.now()
    if (now - checkedAt < tickMs) return false
    if (!(isConfirmed && listener?.isCurrent()) && now - checkedAt >= askEveryMs) return true
    return now >= Math.min(session.refreshAt, session.endsAt)
  }

  /** Asks the store and the issuer. An open connection is a use of its session, which is refreshed for it as for requests. */
  async function check(entry: Watched): Promise<void> {
    entry.isChecking = true
    checks += 1
    try {
      const found = await sessions.find(entry.session.id)
      if (!found) throw new NotSignedInError()
      const { session, isConfirmed } = await sessions.confirm(found, entry.browser)
      Object.assign(entry, { session, isConfirmed: isConfirmed || entry.isConfirmed })
    } catch (error) {
      // While the store or the issuer is down, it lives as long as its access token.
      const isOver = error instanceof NotSignedInError || clock.now() >= entry.session.accessExpiresAt
      if (isOver) endOf(entry.session.sessionId)
    } finally {
      entry.checkedAt = clock.now()
      entry.isChecking = false
      checks -= 1
    }
  }
}

function isOpenedBy({ accessToken }: LiveConnection, kind: string, value: string): boolean {
  if (kind === 'jti') return decodeJwt(accessToken).jti === value
  return kind === 'kid' && decodeProtectedHeader(accessToken).kid === value
}

function tooMany(): TooManyRequestsError {
  return new TooManyRequestsError({
    description: 'Too many WebSockets or event streams are open. Close some of them first.',
    detail: `more than ${maxOfSession} of one session, or ${maxOfService} of all`,
    retryAfterSeconds: 5
  })
}
