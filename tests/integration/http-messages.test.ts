import { once } from 'node:events'
import { connect } from 'node:net'
import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import { post, register, startTrio, type Trio } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

/** Requests in the spelling of other people's software. */
describe('HTTP messages', () => {
  let database: TestDatabase
  let trio: Trio

  beforeAll(async () => {
    database = await createTestDatabase()
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl: inject('docker') ? await createTestRedis() : undefined
    })
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  const login = (contentType: string, body: string) =>
    fetch(`${trio.auth.url}/auth/login`, { method: 'POST', headers: { 'Content-Type': contentType }, body })
  const revoke = (contentType: string, body: string) =>
    fetch(`${trio.auth.url}/oauth/revoke`, { method: 'POST', headers: { 'Content-Type': contentType }, body })

  test.each([
    'Application/JSON',
    'application/json;charset=utf-8',
    'application/json ; charset=utf8',
    'application/json; charset="UTF-8"',
    'application/json;\tCharset=unicode-1-1-utf-8;foo=bar',
    'application/json;'
  ])('JSON is taken as %s', async (contentType) => {
    const body = JSON.stringify({ username: 'nobody-here', password: 'wrong password' })
    expect((await login(contentType, body)).status).toBe(401)
  })

  test.each([
    'application/json; charset=latin1',
    'application/json; charset=nonsense',
    'text/json',
    'application/jsonx'
  ])('JSON is refused as %s, and the response says what is expected', async (contentType) => {
    const response = await login(contentType, '{}')
    expect(response.status).toBe(415)
    expect(await response.json()).toMatchObject({ error_description: expect.stringContaining('application/json') })
  })

  test.each([
    'application/x-www-form-urlencoded ; charset=utf-8',
    'Application/X-WWW-Form-Urlencoded',
    'application/x-www-form-urlencoded;charset=utf8'
  ])('a form is taken as %s', async (contentType) => {
    expect((await revoke(contentType, 'client_id=countersign&token=x')).status).toBe(200)
  })

  test.each([
    'client_id=countersign&token=a b',
    'client_id=countersign&token=x\n',
    'client_id=countersign&token=x\r\n'
  ])('a form as curl and editors leave it is read: %j', async (form) => {
    expect((await revoke('application/x-www-form-urlencoded', form)).status).toBe(200)
  })

  test.each([
    ['token=100%', 'The form has a % without two hexadecimal digits at byte 10.'],
    ['token=ä', 'The form has a character that must be percent-encoded at byte 7.'],
    ['token=\nx', 'The form has a character that must be percent-encoded at byte 7.'],
    ['token=%ff', 'The form holds a NUL character, or bytes that are not UTF-8.']
  ])('the response says what is wrong with the form %j', async (form, description) => {
    const response = await revoke('application/x-www-form-urlencoded', form)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: 'invalid_request', error_description: description })
  })

  test('the key set is not sent again to a client that has it, whatever its Cache-Control', async () => {
    const url = `${trio.auth.url}/.well-known/jwks.json`
    const etag = (await fetch(url)).headers.get('ETag') as string
    const ask = async (tag: string, more = {}) =>
      (await fetch(url, { headers: { 'If-None-Match': tag, ...more } })).status
    expect(await ask(etag)).toBe(304) // Node's own fetch adds Cache-Control: no-cache
    expect(await ask(`"other", W/${etag}`, { 'Cache-Control': 'no-cache', Pragma: 'no-cache' })).toBe(304)
    expect(await ask('*')).toBe(304)
    expect(await ask('"other"')).toBe(200)
    expect(await ask(etag.slice(0, -2))).toBe(200)
  })

  test.each(['auth', 'resource'] as const)(
    'two Host headers are refused by the %s-service, on both ports',
    async (name) => {
      const { url, managementUrl } = trio[name]
      for (const [at, path] of [
        [url, '/nowhere'],
        [managementUrl, '/health/live']
      ] as const) {
        expect(await rawRequest(at, `GET ${path} HTTP/1.1\r\nHost: a.example\r\nhOST: b.example`)).toMatch(
          /^HTTP\/1\.1 400 [\s\S]*several Host headers/
        )
      }
    }
  )

  test('a valid request is still served at the same time', async () => {
    const user = await register(trio.auth.url)
    const { status } = await post(`${trio.auth.url}/auth/login`, { username: user.username, password: user.password })
    expect(status).toBe(200)
  })
})

async function rawRequest(url: string, head: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`${head}\r\nConnection: close\r\n\r\n`)
  const chunks = await socket.setEncoding('utf8').toArray()
  return chunks.join('')
}
