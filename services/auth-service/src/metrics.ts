import type { HttpMetrics } from '@countersign/service-kit'
import { Counter, Gauge, Histogram } from 'prom-client'
import { type ExpiredKind, expiredKinds } from './housekeeping/housekeeping.ts'
import type { KeyOverview } from './keys/signing-key-administration.ts'
import { keyStates } from './keys/signing-key-store.ts'
import type { LogoutMetrics } from './logout/logout-sender.ts'
import type { MailMetrics } from './mail/mail-sender.ts'
import { feedFaults } from './revocation/feed-fault.ts'
import type { RelayMetrics } from './revocation/revocation-relay.ts'

/** Outcomes of a refresh: those of the families, and `forged` for a token that this issuer did not make. */
const refreshMetrics = [
  'rotated',
  'retried',
  'recovered',
  'replayed',
  'expired',
  'revoked',
  'unknown',
  'forged',
  'wrong_key',
  'exceeds_scope',
  'exceeds_audience'
] as const
export type RefreshMetric = (typeof refreshMetrics)[number]

/** What the issuer counts; `npm run docs` writes it into docs/metrics.md. */
export interface IssuerMetrics extends RelayMetrics, MailMetrics, LogoutMetrics {
  countRefresh(outcome: RefreshMetric): void
  /** `outcome` is `succeeded` or the error code of the refusal. */
  countSignIn(outcome: string): void
  /** `outcome` is `succeeded` or the error code of the refusal. */
  countProviderSignIn(outcome: string): void
  /** `outcome` is `issued` or the error code of the refusal. */
  countTokenRequest(grant: string, outcome: string): void
  /** `outcome` is `begun`, `completed` or the error code. */
  countAuthorization(outcome: string): void
  countCodeExchange(outcome: string): void
  /** `outcome` is `begun`, `completed` or the error code. */
  countLogoutRequest(outcome: string): void
  countRemoved(kind: ExpiredKind, rows: number): void
  /** Shows the current keys. */
  showKeys(keys: KeyOverview): void
}

export interface IssuerMetricsDeps {
  registry: HttpMetrics['registry']
  /** The number of committed revocations that are not published yet; called at each scrape. */
  countPendingRevocations(): Promise<number>
  /** The mail that waits; called at each scrape. Absent where no mail is sent. */
  countWaitingMail: (() => Promise<{ waiting: number; oldestSeconds: number }>) | undefined
  /** The back-channel logouts that wait; called at each scrape. */
  countWaitingLogouts(): Promise<{ waiting: number; oldestSeconds: number }>
  /** How many verifiers follow the feed over HTTP; asked at each scrape. */
  countFeedStreams(): number
}

export function createIssuerMetrics(deps: IssuerMetricsDeps): IssuerMetrics {
  const { registry, countPendingRevocations, countFeedStreams } = deps
  const registers = [registry]
  const refreshes = new Counter({
    name: 'countersign_refreshes_total',
    help:
      `Refresh tokens presented: ${refreshMetrics.join(', ')}. replayed: a stolen token or a broken client. Many retried: parallel ` +
      'requests or lost responses; many recovered: responses that were lost for longer than the retry window.',
    labelNames: ['outcome'],
    registers
  })
  const signIns = new Counter({
    name: 'countersign_sign_ins_total',
    help: 'Sign-ins: succeeded, or the error code.',
    labelNames: ['outcome'],
    registers
  })
  const providerSignIns = new Counter({
    name: 'countersign_provider_sign_ins_total',
    help: 'Sign-ins with other services: succeeded, or the error code.',
    labelNames: ['outcome'],
    registers
  })
  const tokenRequests = new Counter({
    name: 'countersign_token_requests_total',
    help: 'Requests to POST /oauth/token. grant: the grant type, or other. outcome: issued, or the error code.',
    labelNames: ['grant', 'outcome'],
    registers
  })
  const authorizations = new Counter({
    name: 'countersign_authorization_requests_total',
    help: 'Sign-ins to clients (OpenID Connect): begun, completed with a code, or the error code.',
    labelNames: ['outcome'],
    registers
  })
  const codeExchanges = new Counter({
    name: 'countersign_code_exchanges_total',
    help: 'Authorization codes presented: exchanged, or why not. replayed: a stolen code, or a client that sends one twice.',
    labelNames: ['outcome'],
    registers
  })
  const logoutRequests = new Counter({
    name: 'countersign_logout_requests_total',
    help: 'Sign-outs that clients ask for (OpenID Connect): begun, completed, or the error code.',
    labelNames: ['outcome'],
    registers
  })
  const removed = new Counter({
    name: 'countersign_expired_rows_removed_total',
    help: `Rows that housekeeping removed: ${expiredKinds.join(', ')}. Weeks of audit events that were dropped as a whole are not counted.`,
    labelNames: ['kind'],
    registers
  })
  const publication = new Histogram({
    name: 'countersign_revocation_publication_seconds',
    help: 'Time from the commit of a revocation to its confirmed publication.',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30, 120],
    registers
  })
  const feedFault = new Gauge({
    name: 'countersign_revocation_feed_fault',
    help: `1 while revocations cannot be published, by reason: ${feedFaults.join(', ')}. other includes a Redis that does not respond.`,
    labelNames: ['reason'],
    registers
  })
  for (const reason of feedFaults) feedFault.set({ reason }, 0)
  new Gauge({
    name: 'countersign_revocations_pending',
    help: 'Committed revocations that are not published yet; should return to 0 within seconds. Absent while the database does not respond.',
    registers,
    async collect() {
      this.reset()
      try {
        this.set(await countPendingRevocations())
      } catch {
        this.remove()
      }
    }
  })
  new Gauge({
    name: 'countersign_revocation_feed_streams',
    help: 'Verifiers that follow the revocation feed of this replica over HTTP.',
    registers,
    collect() {
      this.set(countFeedStreams())
    }
  })
  const keys = new Gauge({
    name: 'countersign_signing_keys',
    help: `Signing keys by state: ${keyStates.join(', ')}. There should always be one that is signing and one that is next.`,
    labelNames: ['state'],
    registers
  })
  const keyAge = new Gauge({
    name: 'countersign_signing_key_age_seconds',
    help: 'Time since the signing key began to sign; should stay under SIGNING_KEY_ROTATION_DAYS.',
    registers
  })
  const mails = createMailMetrics(deps, registers)
  const logouts = createLogoutMetrics(deps, registers)
  for (const outcome of refreshMetrics) refreshes.inc({ outcome }, 0)
  return {
    ...mails,
    ...logouts,
    countRefresh: (outcome) => refreshes.inc({ outcome }),
    countSignIn: (outcome) => signIns.inc({ outcome }),
    countProviderSignIn: (outcome) => providerSignIns.inc({ outcome }),
    countTokenRequest: (grant, outcome) => tokenRequests.inc({ grant, outcome }),
    countAuthorization: (outcome) => authorizations.inc({ outcome }),
    countCodeExchange: (outcome) => codeExchanges.inc({ outcome }),
    countLogoutRequest: (outcome) => logoutRequests.inc({ outcome }),
    countRemoved: (kind, rows) => removed.inc({ kind }, rows),
    showKeys(overview) {
      for (const state of keyStates) keys.set({ state }, overview.keys.filter((key) => key.state === state).length)
      const since = overview.keys.find(({ state }) => state === 'signing')?.signsFrom
      if (since) keyAge.set((overview.now.getTime() - since.getTime()) / 1000)
    },
    observePublication: (seconds) => publication.observe(seconds),
    showFeedFault(fault) {
      for (const reason of feedFaults) feedFault.set({ reason }, reason === fault ? 1 : 0)
    }
  }
}

function createMailMetrics({ countWaitingMail }: IssuerMetricsDeps, registers: HttpMetrics['registry'][]): MailMetrics {
  const attempts = new Counter({
    name: 'countersign_mail_attempts_total',
    help: 'Attempts to send a mail, by template. outcome: delivered; deferred, to be tried again; dead, given up.',
    labelNames: ['template', 'outcome'],
    registers
  })
  const duplicates = new Counter({
    name: 'countersign_mail_possible_duplicates_total',
    help: 'Mails that were delivered after an attempt with an unknown outcome: a replica crashed, or a connection broke.',
    labelNames: ['template'],
    registers
  })
  showWaiting(registers, {
    name: 'countersign_mail',
    waiting:
      'Mails that wait for the mail server; should return to 0. Absent where no mail is sent, and while the database does not respond.',
    oldest: 'Age of the oldest waiting mail; 0 when none waits.',
    count: async () => countWaitingMail?.()
  })
  return {
    countMail: (template, outcome) => attempts.inc({ template, outcome }),
    countPossibleDuplicate: (template) => duplicates.inc({ template })
  }
}

function createLogoutMetrics(
  { countWaitingLogouts }: IssuerMetricsDeps,
  registers: HttpMetrics['registry'][]
): LogoutMetrics {
  const attempts = new Counter({
    name: 'countersign_backchannel_logout_attempts_total',
    help: 'Attempts to notify a client of the end of a session. outcome: delivered; deferred, to be tried again; dead, given up.',
    labelNames: ['outcome'],
    registers
  })
  showWaiting(registers, {
    name: 'countersign_backchannel_logouts',
    waiting:
      'Ends of sessions that clients are not notified of yet; should return to 0. Absent while the database does not respond.',
    oldest: 'Age of the oldest waiting notification; 0 when none waits.',
    count: countWaitingLogouts
  })
  return { countBackchannelLogout: (outcome) => attempts.inc({ outcome }) }
}

interface WaitingMetric {
  /** Prefix of both gauges, before `_waiting` and `_oldest_waiting_seconds`. */
  readonly name: string
  readonly waiting: string
  readonly oldest: string
  count(): Promise<{ waiting: number; oldestSeconds: number } | undefined>
}

function showWaiting(registers: HttpMetrics['registry'][], { name, waiting, oldest, count }: WaitingMetric): void {
  const oldestWaiting = new Gauge({ name: `${name}_oldest_waiting_seconds`, help: oldest, registers })
  new Gauge({
    name: `${name}_waiting`,
    help: waiting,
    registers,
    async collect() {
      this.reset()
      oldestWaiting.reset()
      try {
        const seen = await count()
        if (seen) this.set(seen.waiting)
        else this.remove()
        if (seen) oldestWaiting.set(seen.oldestSeconds)
      } catch {
        this.remove()
      }
    }
  })
}
