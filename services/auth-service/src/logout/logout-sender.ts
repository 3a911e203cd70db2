import { describeError, type Logger } from '@countersign/service-kit'
import { type OutboundFetch, OutboundRefusedError } from '../outbound/outbound-fetch.ts'
import { type OutboxWorker, retryPause, startOutboxWorker } from '../outbox/outbox-worker.ts'
import type { LogoutTokens } from '../tokens/logout-tokens.ts'
import type { BackchannelLogouts, ClaimedLogout, LogoutResult } from './backchannel-logouts.ts'

export interface LogoutMetrics {
  countBackchannelLogout(outcome: LogoutResult['outcome']): void
}

export interface LogoutSenderDeps {
  logouts: Pick<BackchannelLogouts, 'claim' | 'settle'>
  logoutTokens: LogoutTokens
  fetch: OutboundFetch
  /** Whether it may use the database now. */
  mayRun(): boolean
  metrics: LogoutMetrics
  logger: Logger
}

/** How many receivers are notified at once. */
const concurrency = 16
/** Shorter than a claim lasts. */
const timeoutMs = 5000

/** Starts to tell apps that their sessions have ended. */
export function startLogoutSender(deps: LogoutSenderDeps): OutboxWorker {
  const { logouts, metrics, logger } = deps
  return startOutboxWorker({ ...deps, name: 'back-channel logouts', claim: logouts.claim, work: deliver, concurrency })

  async function deliver(logout: ClaimedLogout): Promise<void> {
    const result = await attemptDelivery(logout)
    const { id, clientId, attempt } = logout
    metrics.countBackchannelLogout(result.outcome)
    const facts = { logout: id, clientId, attempt, ...('reason' in result ? { reason: result.reason } : {}) }
    if (result.outcome === 'delivered') logger.info(facts, 'a client was notified that its session has ended')
    if (result.outcome === 'deferred') logger.warn(facts, 'a client was not notified yet that its session has ended')
    if (result.outcome === 'dead') logger.error(facts, 'a client could not be notified that its session has ended')
    try {
      await logouts.settle(logout, result)
    } catch (error) {
      // The claim expires, and the client gets another token.
      logger.warn({ ...facts, cause: describeError(error) }, 'the result of a back-channel logout could not be stored')
    }
  }

  async function attemptDelivery(logout: ClaimedLogout): Promise<LogoutResult> {
    if (logout.isExpired) return { outcome: 'dead', reason: 'expired' }
    const deferred = (reason: string): LogoutResult => ({
      outcome: 'deferred',
      reason,
      retryInSeconds: retryPause(logout.attempt)
    })
    try {
      const status = await send(logout)
      if (status >= 200 && status < 300) return { outcome: 'delivered' }
      const reason = `status ${status}`
      // The client has rejected the token, and would reject the next one, too. Another 4xx may come from a proxy.
      return status === 400 ? { outcome: 'dead', reason } : deferred(reason)
    } catch (error) {
      logger.debug({ logout: logout.id, cause: describeError(error) }, 'a back-channel logout failed')
      return deferred(reasonOf(error))
    }
  }

  /** With a new token each time, since they are valid for two minutes. */
  async function send({ uri, userId, ...logout }: ClaimedLogout): Promise<number> {
    const token = await deps.logoutTokens.issue({ ...logout, subject: userId, sid: logout.sessionId })
    const { status } = await deps.fetch(uri, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: '*/*' },
      body: new URLSearchParams({ logout_token: token }).toString(),
      timeoutMs,
      ignoresBody: true
    })
    return status
  }
}

/** In a word or two, without anything that the other side wrote. */
function reasonOf(error: unknown): string {
  if (error instanceof OutboundRefusedError) return 'refused address'
  const { code, name } = error as { code?: unknown; name?: unknown }
  if (name === 'TimeoutError' || name === 'AbortError') return 'timeout'
  return typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? code : 'no response'
}
