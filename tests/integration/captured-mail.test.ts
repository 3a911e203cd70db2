import { request } from 'node:http'
import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import { post, query, register, signIn, startTrio, type Trio } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

interface Shown {
  mails: { recipient: string; subject: string; text: string }[]
}

const mailEnv = { MAIL_FROM: 'countersign@localhost', PAGES_URL: 'http://localhost:4002/pages' }

describe('mail that is shown instead of sent', () => {
  let database: TestDatabase
  let trio: Trio
  let email: string

  beforeAll(async () => {
    database = await createTestDatabase()
    trio = await startTrio({ databaseUrl: database.url, redisUrl: undefined, env: mailEnv })
    const user = await register(trio.auth.url)
    email = `${user.username}@example.com`
    await query(database.url, 'UPDATE users SET email = $2 WHERE id = $1', [user.id, email])
    const token = (await signIn(trio.auth.url, user)).access_token
    expect((await post(`${trio.auth.url}/auth/email/verification`, undefined, token)).status).toBe(202)
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  const show = (accept: string) => fetch(`${trio.auth.url}/dev/mail`, { headers: { Accept: accept } })

  test('has its link, as JSON and on a page without scripts', async () => {
    const mails = async () => ((await (await show('application/json')).json()) as Shown).mails
    await expect.poll(mails).toHaveLength(1)
    const [mail] = await mails()
    expect(mail).toMatchObject({ recipient: email, subject: 'Countersign: Confirm your e-mail address' })
    const [link] = /http:\/\/localhost:4002\/pages\/verify-email#[\w-]{43}/.exec(mail?.text ?? '') ?? []
    const page = await show('text/html')
    expect(page.headers.get('Content-Security-Policy')).toMatch(/^default-src 'none'/)
    expect(await page.text()).toContain(`<a href="${link}">`)
  })

  test.each([
    { Host: 'evil.example.com' },
    { 'X-Forwarded-For': '127.0.0.1' },
    { Host: 'localhost.example.com', 'X-Forwarded-Host': 'localhost' }
  ])('is not shown to a request with %j', async (headers) => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request(`${trio.auth.url}/dev/mail`, { headers }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
        .on('error', reject)
        .end()
    })
    expect(status).toBe(404)
  })
})

describe.skipIf(!inject('docker'))('a service of its own, without a mail server', () => {
  let database: TestDatabase
  let trio: Trio

  beforeAll(async () => {
    database = await createTestDatabase()
    trio = await startTrio({ databaseUrl: database.url, redisUrl: await createTestRedis(), env: mailEnv })
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  test('shows no mail, and says that it sends none', async () => {
    expect((await fetch(`${trio.auth.url}/dev/mail`)).status).toBe(404)
    const response = await post(`${trio.auth.url}/auth/password-reset`, { username: 'admin' })
    expect({ status: response.status, description: response.body.error_description }).toEqual({
      status: 404,
      description: 'This installation sends no mail: its operator has to configure a mail server.'
    })
  })
})
