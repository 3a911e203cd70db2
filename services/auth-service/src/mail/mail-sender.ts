import { describeError, type Logger, pause } from '@countersign/service-kit'
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

export interface MailSender {
  /** Looks at once for mail to send: some was just committed. */
  wake(): void
  close(): Promise<void>
}

const pollIntervalMs = 3000
const extendIntervalMs = 10_000
const closeWithinMs = 10_000
const firstPauseSeconds = 10
const longestPauseSeconds = 3600

/** @returns seconds until the next attempt: twice as long after each one, up to an hour, and up to half of it earlier */
export function retryPause(attempt: number, random: () => number = Math.random): number {
  const longest = Math.min(firstPauseSeconds * 2 ** Math.min(attempt - 1, 20), longestPauseSeconds)
  return longest * (1 - random() / 2)
}

/** Starts to send what waits in the outbox. Several replicas share the work. */
export function startMailSender(deps: MailSenderDeps): MailSender {
  const { outbox, logger, metrics } = deps
  const closing = new AbortController()
  const sending = new Map<string, Promise<void>>()
  let isWoken = false
  let waiting = new AbortController()
  const running = runUntilClosed()
  const extending = setInterval(extendClaims, extendIntervalMs)
  extending.unref()

  return {
    wake,
    async close() {
      closing.abort()
      wake()
      await running
      // What is sent longer than that stays claimed, and another replica sends it again.
      await Promise.race([Promise.all(sending.values()), pause(closeWithinMs, new AbortController().signal)])
      clearInterval(extending)
      deps.transport.close()
    }
  }

  function wake(): void {
    isWoken = true
    waiting.abort()
  }

  async function runUntilClosed(): Promise<void> {
    while (!closing.signal.aborted) {
      isWoken = false
      if (deps.mayRun()) await runRound()
      waiting = new AbortController()
      if (!isWoken) await pause(pollIntervalMs, waiting.signal)
    }
  }

  async function runRound(): Promise<void> {
    try {
      await deps.prepare()
    } catch (error) {
      logger.warn({ cause: describeError(error) }, 'preparing mail failed; it is tried again')
    }
    try {
      const free = deps.concurrency - sending.size
      if (free === 0) return
      for (const mail of await outbox.claim(free)) {
        const task = send(mail).finally(() => {
          sending.delete(mail.id)
          wake()
        })
        sending.set(mail.id, task)
      }
    } catch (error) {
      logger.warn({ cause: describeError(error) }, 'looking for mail to send failed; it is tried again')
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

  function extendClaims(): void {
    if (sending.size === 0) return
    outbox
      .extendClaims([...sending.keys()])
      .catch((error: unknown) => logger.warn({ cause: describeError(error) }, 'claims of mails were not extended'))
  }
}
