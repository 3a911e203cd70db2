import { describeError, type Logger } from '@countersign/service-kit'
import { type OutboxWorker, retryPause, startOutboxWorker } from '../outbox/outbox-worker.ts'
import type { MailTemplate } from './mail.ts'
import type { AttemptResult, ClaimedMail, MailOutbox } from './mail-outbox.ts'
import type { MailSealing } from './mail-sealing.ts'
import { DeliveryError, type MailTransport } from './mail-transport.ts'
import type { RenderMail } from './render-mail.ts'

export interface MailMetrics {
  countMail(template: MailTemplate, outcome: AttemptResult['outcome']): void
  /** Counts a mail that was delivered, and may have been delivered before. */
  countPossibleDuplicate(template: MailTemplate): void
}

export interface MailSenderDeps {
  outbox: Pick<MailOutbox, 'claim' | 'extendClaims' | 'settle'>
  /** Makes the mails that requests have asked for. */
  prepare(): Promise<void>
  transport: MailTransport
  render: RenderMail
  sealing: MailSealing
  /** Whether it may use the database now. */
  mayRun(): boolean
  metrics: MailMetrics
  logger: Logger
  /** How many mails are sent at once. */
  concurrency: number
}

/** Starts to send what waits in the outbox. */
export function startMailSender(deps: MailSenderDeps): OutboxWorker {
  const { outbox, logger, metrics } = deps
  const worker = startOutboxWorker({ ...deps, ...outbox, name: 'mail', work: send })
  return {
    wake: worker.wake,
    async close() {
      await worker.close()
      deps.transport.close()
    }
  }

  async function send(mail: ClaimedMail): Promise<void> {
    const { id, template, attempt } = mail
    const result = await attemptDelivery(mail)
    metrics.countMail(template, result.outcome)
    const facts = { mail: id, template, attempt, ...('reason' in result ? { reason: result.reason } : {}) }
    if (result.outcome === 'delivered') logger.info(facts, 'mail sent')
    if (result.outcome === 'deferred') logger.warn(facts, 'mail not sent yet')
    if (result.outcome === 'dead') logger.error(facts, 'mail given up')
    if (result.outcome === 'delivered' && mail.mayBeDuplicate) {
      metrics.countPossibleDuplicate(template)
      logger.warn(facts, 'an earlier attempt may have delivered this mail, too')
    }
    try {
      await outbox.settle(mail, result)
    } catch (error) {
      // The claim ends by itself, and the mail is sent once more.
      logger.warn({ ...facts, cause: describeError(error) }, 'the result of sending a mail could not be stored')
    }
  }

  async function attemptDelivery(mail: ClaimedMail): Promise<AttemptResult> {
    if (mail.isExpired) return { outcome: 'dead', reason: 'expired' }
    const secret = mail.sealedSecret === null ? undefined : deps.sealing.open(mail.id, mail.sealedSecret)
    if (mail.sealedSecret !== null && secret === undefined) return { outcome: 'dead', reason: 'unreadable secret' }
    try {
      await deps.transport.send(deps.render({ ...mail, secret }))
      return { outcome: 'delivered' }
    } catch (error) {
      const { reason, isPermanent, isOutcomeUnknown } =
        error instanceof DeliveryError ? error : new DeliveryError('internal error', { cause: error })
      if (isPermanent) return { outcome: 'dead', reason }
      return { outcome: 'deferred', reason, isOutcomeUnknown, retryInSeconds: retryPause(mail.attempt) }
    }
  }
}
