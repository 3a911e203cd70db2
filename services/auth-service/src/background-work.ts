import type { Logger } from '@countersign/service-kit'
import { settleDeletions } from './accounts/account-deletion.ts'
import type { RequestedMail } from './accounts/requested-mail.ts'
import { startHousekeeping } from './housekeeping/housekeeping.ts'
import type { Infrastructure } from './infrastructure.ts'
import type { Keys } from './keys/start-keys.ts'
import { startLogoutSender } from './logout/logout-sender.ts'
import { startMailSender } from './mail/mail-sender.ts'
import type { Mail } from './mail/open-mail.ts'
import { smtpConnections } from './mail/smtp-transport.ts'
import type { IssuerMetrics } from './metrics.ts'
import type { OutboundFetch } from './outbound/outbound-fetch.ts'
import type { OutboxWorker } from './outbox/outbox-worker.ts'
import { type Announcer, announcing } from './revocation/announcing.ts'
import { startSessionEnder } from './sessions/session-ender.ts'
import { endAllSessions } from './sessions/session-endings.ts'
import type { Revocation } from './start-revocation.ts'
import type { PostgresStores } from './stores/postgres/open-stores.ts'
import { createLogoutTokens } from './tokens/logout-tokens.ts'

export interface BackgroundDeps {
  issuer: string
  stores: PostgresStores
  infrastructure: Pick<Infrastructure, 'publisher'>
  keys: Keys
  revocation: Revocation
  outboundFetch: OutboundFetch
  /** Absent where no mail is sent. */
  mail: Mail | undefined
  metrics: IssuerMetrics
  logger: Logger
}

/** Work in the background. */
export interface BackgroundWork {
  readonly announcer: Announcer
  /** Absent where no mail is sent. */
  readonly mailSender: OutboxWorker | undefined
  /** All of it; to be closed in this order. */
  readonly parts: readonly { close(): unknown }[]
}

/** Starts to send mail and logouts, to end very many sessions in batches, and to remove what nobody needs any more. */
export function startBackgroundWork(deps: BackgroundDeps): BackgroundWork {
  const { issuer, stores, infrastructure, keys, revocation, outboundFetch, mail, metrics, logger } = deps
  const mayRun = revocation.databaseWatch.isUsable
  const logoutSender = startLogoutSender({
    logouts: stores.backchannelLogouts,
    logoutTokens: createLogoutTokens({ issuer, signingKeys: keys.signingKeys }),
    fetch: outboundFetch,
    mayRun,
    metrics,
    logger
  })
  const announcer: Announcer = {
    announce(entries) {
      const announced = revocation.relay.announce(entries)
      // Clients hear of the end of their sessions as soon as it is committed; verifiers come first.
      if (entries.some(({ kind }) => kind === 'sid')) logoutSender.wake()
      return announced
    },
    endRest: (endingId) => sessionEnder.endRest(endingId)
  }
  const sessionEnder = startSessionEnder({ groups: announcing(stores.groupEndings, announcer), mayRun, logger })
  const housekeeping = startHousekeeping({
    expired: stores.expiredRows,
    endSessions: (signal) => endAllSessions(announcing(stores.sessionEndings, announcer), { signal }),
    deleteUsers: (signal) => settleDeletions(announcing(stores.pendingDeletions, announcer), signal),
    trimFeed: infrastructure.publisher.trim,
    mayRun,
    onRemoved: metrics.countRemoved,
    logger
  })
  const { accountMail } = stores
  const mailSender =
    mail &&
    accountMail &&
    startMailSender({
      ...mail,
      outbox: stores.mailOutbox,
      prepare: () => prepareAllMails([accountMail.resets, ...(accountMail.signIn ? [accountMail.signIn] : [])]),
      mayRun,
      metrics,
      logger,
      concurrency: smtpConnections
    })
  return {
    announcer,
    mailSender,
    parts: [...(mailSender ? [mailSender] : []), sessionEnder, logoutSender, housekeeping]
  }
}

async function prepareAllMails(kinds: readonly Pick<RequestedMail, 'prepareMail'>[]): Promise<void> {
  for (const kind of kinds) while (await kind.prepareMail());
}
