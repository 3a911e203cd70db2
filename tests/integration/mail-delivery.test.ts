import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { TestDatabase } from '@countersign/testing'
import {
  get,
  post,
  query,
  register,
  type ServiceProcess,
  signIn,
  type Trio,
  untilReady
} from '@countersign/testing/trio'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { countersign } from './fixtures/countersign.ts'
import { type MailServer, refusal, secretsOf } from './fixtures/mail-server.ts'
import { type MailTrio, startMailTrio } from './fixtures/mail-trio.ts'

interface MailRow {
  id: string
  attempts: number
  message_id: string
  last_error: string | null
  is_delivered: boolean
  is_dead: boolean
  has_sealed: boolean
}

describe.skipIf(!inject('docker'))('mail on its way', () => {
  let fixture: MailTrio
  let database: TestDatabase
  let mailServer: MailServer
  let trio: Trio
  let admin: string

  beforeAll(async () => {
    fixture = await startMailTrio()
    ;({ database, mailServer, trio } = fixture)
    admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
  })
  afterEach(() => {
    mailServer.onMail(() => {})
    mailServer.onRecipient(() => {})
  })
  afterAll(async () => {
    await fixture?.stop()
  })

  /** A user with a verified address. */
  async function newUser() {
    const user = await register(trio.auth.url)
    const email = `${user.username}@example.com`
    await query(database.url, 'UPDATE users SET email = $2, email_key = $2, email_verified_at = now() WHERE id = $1', [
      user.id,
      email
    ])
    return { ...user, email }
  }
  const askForReset = (email: string, at = trio.auth.url) => post(`${at}/auth/password-reset`, { email })
  const rowsOf = (email: string) =>
    query<MailRow>(
      database.url,
      `SELECT id, attempts, message_id, last_error, delivered_at IS NOT NULL AS is_delivered, dead_at IS NOT NULL AS is_dead,
         sealed_secret IS NOT NULL AS has_sealed
       FROM mail_outbox WHERE recipient = $1 ORDER BY created_at`,
      [email]
    )
  async function untilRow(email: string, expected: Partial<MailRow>): Promise<MailRow> {
    const last = async () => (await rowsOf(email)).at(-1)
    await expect.poll(last, { timeout: 20_000 }).toMatchObject(expected)
    return (await last()) as MailRow
  }
  /** The pause before the next attempt, and the claim of a replica that crashed, are over. */
  const skipPause = (email: string) =>
    query(
      database.url,
      `UPDATE mail_outbox SET next_attempt_at = now(), claimed_until = CASE WHEN claimed_until IS NOT NULL THEN now() END WHERE recipient = $1`,
      [email]
    )
  const receivedBy = (email: string) => mailServer.received.filter(({ to }) => to.includes(email))

  test('a mail that is refused for now is sent later, with the same Message-ID', async () => {
    const { email } = await newUser()
    const seen: (string | undefined)[] = []
    mailServer.onMail(({ content }) => {
      seen.push(content.messageId)
      if (seen.length < 3) throw refusal(451)
    })
    await askForReset(email)
    await untilRow(email, { attempts: 1, last_error: 'EMESSAGE 451', has_sealed: true })
    await skipPause(email)
    await untilRow(email, { attempts: 2, last_error: 'EMESSAGE 451', has_sealed: true })
    await skipPause(email)
    const { message_id: messageId } = await untilRow(email, { attempts: 3, is_delivered: true, has_sealed: false })
    expect(seen).toEqual([messageId, messageId, messageId])
    expect(receivedBy(email)).toHaveLength(1)
  })

  test('a mail that is refused for good is given up, loses its secret, and is shown without it', async () => {
    const { email } = await newUser()
    mailServer.onRecipient((address) => {
      if (address === email) throw refusal(550)
    })
    await askForReset(email)
    const { id } = await untilRow(email, { is_dead: true, has_sealed: false, attempts: 1 })
    const { status, body } = await get<{ mails: object[] }>(`${trio.auth.url}/admin/mail?limit=1`, admin)
    expect({ status, mails: body.mails }).toEqual({
      status: 200,
      mails: [
        {
          id,
          recipient: email,
          template: 'password_reset',
          created_at: expect.any(String),
          dead_at: expect.any(String),
          attempts: 1,
          reason: 'EENVELOPE 550',
          can_be_retried: false
        }
      ]
    })
    const retried = await post(`${trio.auth.url}/admin/mail/${id}/retry`, undefined, admin)
    expect({ status: retried.status, error: retried.body.error }).toEqual({ status: 409, error: 'secret_erased' })
    const run = await countersign(['mail', 'retry', id, '--json'], { env: { DATABASE_URL: database.url } })
    expect(run).toMatchObject({ code: 3, document: { error: 'secret_erased' } })
  })

  test.each(['an admin', 'the command line'])('one without a secret is sent again by %s', async (by) => {
    const { email } = await newUser()
    mailServer.onMail(({ content }) => {
      if (content.subject?.includes('was changed')) throw refusal(552)
    })
    await askForReset(email)
    const { secret } = secretsOf(await mailServer.mailTo(email))
    const body = { secret, new_password: randomBytes(12).toString('base64url') }
    expect((await post(`${trio.auth.url}/auth/password-reset/confirm`, body)).status).toBe(204)
    const { id } = await untilRow(email, { is_dead: true, last_error: 'EMESSAGE 552' })
    mailServer.onMail(() => {})
    const env = { DATABASE_URL: database.url }
    if (by === 'an admin') {
      expect((await post(`${trio.auth.url}/admin/mail/${id}/retry`, undefined, admin)).status).toBe(200)
    } else {
      const listed = await countersign<{ mails: { id: string }[] }>(['mail', 'list', '--json'], { env })
      expect(listed.document.mails.map((mail) => mail.id)).toContain(id)
      expect(await countersign(['mail', 'retry', id, '--json'], { env })).toMatchObject({ code: 0, document: { id } })
    }
    await untilRow(email, { is_delivered: true, is_dead: false, id })
    expect(receivedBy(email).map(({ content }) => content.subject)).toEqual([
      'Countersign: Reset your password',
      'Countersign: Your password was changed'
    ])
    expect((await post(`${trio.auth.url}/admin/mail/${id}/retry`, undefined, admin)).status).toBe(404)
  })

  test('mail waits while the server is down, and none is lost or sent twice', async () => {
    const users = await Promise.all(Array.from({ length: 12 }, newUser))
    await mailServer.goDown()
    for (const { email } of users) expect((await askForReset(email)).status).toBe(202)
    for (const { email } of users) await untilRow(email, { attempts: 1, is_delivered: false })
    const waiting = await (await fetch(`${trio.auth.managementUrl}/metrics`)).text()
    expect(waiting).toMatch(/^countersign_mail_waiting(\{.*\})? 12$/m)
    expect(waiting).toMatch(/^countersign_mail_attempts_total\{.*outcome="deferred".*\} \d+$/m)
    await mailServer.comeBack()
    for (const { email } of users) await skipPause(email)
    for (const { email } of users) await untilRow(email, { is_delivered: true })
    expect(users.map(({ email }) => receivedBy(email).length)).toEqual(users.map(() => 1))
  })

  test('a mail whose secret has expired is not sent, and loses it', async () => {
    const { email } = await newUser()
    await mailServer.goDown()
    await askForReset(email)
    await untilRow(email, { attempts: 1, has_sealed: true })
    await mailServer.comeBack()
    await query(database.url, 'UPDATE mail_outbox SET give_up_at = now() WHERE recipient = $1', [email])
    await skipPause(email)
    await untilRow(email, { is_dead: true, has_sealed: false, last_error: 'expired' })
    expect(receivedBy(email)).toEqual([])
  })

  describe('a replica that is killed', () => {
    let victim: ServiceProcess
    const kill = async () => {
      victim.process.kill('SIGKILL')
      await once(victim.process, 'exit')
    }

    /** The victim alone sends: the other replica is stopped for as long. */
    async function withVictim(work: () => Promise<void>): Promise<void> {
      victim = await trio.startAuth()
      await untilReady(victim)
      trio.auth.process.kill('SIGSTOP')
      try {
        await work()
      } finally {
        trio.auth.process.kill('SIGCONT')
      }
    }

    test('before the mail was handed over loses none', async () => {
      const { email } = await newUser()
      await withVictim(async () => {
        const killed = new Promise<void>((resolve) => mailServer.onRecipient(() => void kill().then(resolve)))
        await askForReset(email, victim.url)
        await killed
      })
      mailServer.onRecipient(() => {})
      await skipPause(email)
      await untilRow(email, { is_delivered: true, attempts: 2 })
      expect(receivedBy(email)).toHaveLength(1)
    })

    test('after the request was accepted, and before its mail was written, loses none', async () => {
      const { email } = await newUser()
      const waitingForLock = () =>
        query(database.url, "SELECT 1 FROM pg_locks WHERE relation = 'one_time_secrets'::regclass AND NOT granted")
      await withVictim(async () => {
        const holder = new pg.Client({ connectionString: database.url })
        await holder.connect()
        try {
          await holder.query('BEGIN')
          await holder.query('LOCK TABLE one_time_secrets IN ACCESS EXCLUSIVE MODE')
          expect((await askForReset(email, victim.url)).status).toBe(202)
          // Its sender has taken the request, and waits.
          await expect.poll(waitingForLock).not.toHaveLength(0)
          await kill()
          await holder.query('COMMIT')
        } finally {
          await holder.end()
        }
      })
      await untilRow(email, { is_delivered: true })
      expect(receivedBy(email)).toHaveLength(1)
    })

    async function countDuplicates(): Promise<number> {
      const metrics = await (await fetch(`${trio.auth.managementUrl}/metrics`)).text()
      const [, count] = /^countersign_mail_possible_duplicates_total\{.*\} (\d+)$/m.exec(metrics) ?? []
      return Number(count ?? 0)
    }

    test('after the mail was accepted has it sent twice, with one Message-ID, and this is reported', async () => {
      const { email } = await newUser()
      const before = await countDuplicates()
      await withVictim(async () => {
        const killed = new Promise<void>((resolve) => {
          mailServer.onMail(async () => {
            await kill()
            resolve()
          })
        })
        await askForReset(email, victim.url)
        await killed
      })
      mailServer.onMail(() => {})
      await expect.poll(() => receivedBy(email).length).toBe(1)
      await skipPause(email)
      const { message_id: messageId } = await untilRow(email, { is_delivered: true, attempts: 2 })
      expect(receivedBy(email).map(({ content }) => content.messageId)).toEqual([messageId, messageId])
      expect(trio.auth.logs()).toContain('an earlier attempt may have delivered this mail, too')
      expect(await countDuplicates()).toBe(before + 1)
    })
  })
})
