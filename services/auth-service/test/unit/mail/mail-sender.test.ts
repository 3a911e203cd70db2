import { setImmediate as turn } from 'node:timers/promises'
import { createLogger } from '@countersign/service-kit'
import { describe, expect, test } from 'vitest'
import { createMasterKey } from '../../../src/keys/master-keys.ts'
import type { AttemptResult, ClaimedMail } from '../../../src/mail/mail-outbox.ts'
import { createMailSealing } from '../../../src/mail/mail-sealing.ts'
import { startMailSender } from '../../../src/mail/mail-sender.ts'
import { DeliveryError } from '../../../src/mail/mail-transport.ts'

const logger = createLogger({ service: 'auth-service', level: 'silent' })
const sealing = createMailSealing([createMasterKey(new Uint8Array(32))])

describe('the sender', () => {
  const mailOf = (id: string, facts: Partial<ClaimedMail> = {}): ClaimedMail => ({
    id,
    recipient: 'a@example.com',
    template: 'password_changed',
    language: 'en',
    username: 'alice',
    messageId: `<${id}@example.com>`,
    attempt: 1,
    sealedSecret: null,
    isExpired: false,
    mayBeDuplicate: false,
    ...facts
  })

  /** Sends the given mails, as far as the transport lets it. */
  function startSender(mails: ClaimedMail[], send: (id: string) => Promise<void>, concurrency = 2) {
    const settled: Record<string, AttemptResult> = {}
    const limits: number[] = []
    const duplicates: string[] = []
    const sender = startMailSender({
      outbox: {
        async claim(limit) {
          limits.push(limit)
          return mails.splice(0, limit)
        },
        extendClaims: async () => {},
        async settle({ id }, result) {
          settled[id] = result
        }
      },
      prepare: async () => {},
      transport: { send: ({ messageId }) => send(messageId.slice(1, -13)), close: () => {} },
      render: ({ messageId, recipient }) => ({ messageId, recipient, subject: '', text: '', html: '' }),
      sealing,
      mayRun: () => true,
      metrics: { countMail: () => {}, countPossibleDuplicate: (template) => duplicates.push(template) },
      logger,
      concurrency
    })
    return { sender, settled, limits, duplicates }
  }

  test('sends as many at once as it may, and the next when one is done', async () => {
    const waiting = new Map<string, () => void>()
    const { sender, settled, limits } = startSender(
      ['1', '2', '3'].map((id) => mailOf(id)),
      (id) => new Promise((resolve) => waiting.set(id, resolve))
    )
    await expect.poll(() => [...waiting.keys()]).toEqual(['1', '2'])
    sender.wake()
    await turn()
    expect([...waiting.keys()]).toEqual(['1', '2'])
    waiting.get('1')?.()
    await expect.poll(() => [...waiting.keys()]).toEqual(['1', '2', '3'])
    waiting.get('2')?.()
    waiting.get('3')?.()
    await sender.close()
    expect(settled).toEqual({ 1: { outcome: 'delivered' }, 2: { outcome: 'delivered' }, 3: { outcome: 'delivered' } })
    expect(Math.max(...limits)).toBe(2)
  })

  test('gives up what is refused for good, what has expired and what it cannot open, and sends the last two to nobody', async () => {
    const sent: string[] = []
    const { sender, settled } = startSender(
      [
        mailOf('refused'),
        mailOf('expired', { isExpired: true }),
        mailOf('unreadable', { sealedSecret: new Uint8Array(40) }),
        mailOf('deferred'),
        mailOf('broken')
      ],
      async (id) => {
        sent.push(id)
        if (id === 'refused') throw new DeliveryError('EENVELOPE 550', { isPermanent: true })
        if (id === 'deferred') throw new DeliveryError('ETIMEDOUT', { isOutcomeUnknown: true })
        throw new TypeError('a bug')
      },
      5
    )
    await expect.poll(() => Object.keys(settled)).toHaveLength(5)
    await sender.close()
    expect(sent.sort()).toEqual(['broken', 'deferred', 'refused'])
    const later = { outcome: 'deferred', retryInSeconds: expect.any(Number) }
    expect(settled).toEqual({
      refused: { outcome: 'dead', reason: 'EENVELOPE 550' },
      expired: { outcome: 'dead', reason: 'expired' },
      unreadable: { outcome: 'dead', reason: 'unreadable secret' },
      deferred: { ...later, reason: 'ETIMEDOUT', isOutcomeUnknown: true },
      broken: { ...later, reason: 'internal error', isOutcomeUnknown: false }
    })
  })

  test('says that a mail may have been delivered twice, once it is delivered', async () => {
    const { sender, settled, duplicates } = startSender(
      [mailOf('again', { mayBeDuplicate: true }), mailOf('lost', { mayBeDuplicate: true })],
      async (id) => {
        if (id === 'lost') throw new DeliveryError('ESOCKET')
      }
    )
    await expect.poll(() => Object.keys(settled)).toHaveLength(2)
    await sender.close()
    expect(duplicates).toEqual(['password_changed'])
  })
})
