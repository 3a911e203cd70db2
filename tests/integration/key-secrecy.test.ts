import { spawnSync } from 'node:child_process'
import { createPrivateKey, randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import { get, post, query, refresh, register, send, signIn, startTrio, type Trio } from '@countersign/testing/trio'
import type { JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createKeySealing } from '../../services/auth-service/src/keys/key-sealing.ts'
import { createMasterKey } from '../../services/auth-service/src/keys/master-keys.ts'

const main = fileURLToPath(new URL('../../services/auth-service/bundle/main.js', import.meta.url))
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const

/** The encodings in which each private member of a key could appear: base64url, base64, hex, and within PKCS #8. */
function spellingsOf(jwk: JWK): string[] {
  const numbers = privateMembers.flatMap((member) => {
    const bytes = Buffer.from(jwk[member] as string, 'base64url')
    const spellings = [bytes.toString('base64url'), bytes.toString('base64'), bytes.toString('hex')]
    // A part reveals as much as the whole, and survives line breaks and truncation.
    return spellings.map((spelling) => spelling.slice(0, 40))
  })
  const key = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
  const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString().split('\n')
  return [...numbers, ...pem.slice(5, -3)]
}

describe('no private member of any key leaves the process', () => {
  const masterKey = randomBytes(32)
  const seen: string[] = []
  let database: TestDatabase
  let trio: Trio
  let admin: string
  let spellings: string[]

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    const env = { COUNTERSIGN_MASTER_KEY: masterKey.toString('base64'), LOG_LEVEL: 'trace' }
    trio = await startTrio({ databaseUrl: database.url, redisUrl, env })
    admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
    // As they are before one of them is revoked: then its private half is gone.
    const sealing = createKeySealing([createMasterKey(masterKey)])
    const rows = await query<{ kid: string; sealed_private_jwk: string }>(database.url, 'SELECT * FROM signing_keys')
    const jwks = await Promise.all(rows.map((row) => sealing.open(row.kid, row.sealed_private_jwk)))
    spellings = jwks.flatMap(spellingsOf)
    expect(jwks).toHaveLength(2)
    expect(new Set(spellings).size).toBeGreaterThan(60)
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  const remember = async (response: Promise<{ headers: Headers; body: unknown }>) => {
    const { headers, body } = await response
    seen.push(JSON.stringify([...headers]), JSON.stringify(body))
  }
  const expectNone = (text: string) => {
    expect(spellings.filter((spelling) => text.includes(spelling))).toEqual([])
    expect(text).not.toMatch(/"(?:d|dp|dq|qi)"\s*:\s*"/)
    expect(text).not.toContain('PRIVATE KEY')
  }

  test('the search finds a private member where there is one', () => {
    expect(() => expectNone(`… ${spellings[0]} …`)).toThrow()
    expect(() => expectNone('{"kty":"RSA","d":"x"}')).toThrow()
  })

  test('not in a response of any route, valid or invalid', async () => {
    const { body: api } = await get<{ paths: Record<string, object> }>(`${trio.auth.url}/openapi.json`)
    const user = await register(trio.auth.url)
    const tokens = await signIn(trio.auth.url, user)
    const { body: keys } = await get<{ keys: { kid: string }[] }>(`${trio.auth.url}/admin/keys`, admin)
    const kid = keys.keys[0]?.kid as string
    for (const [path, methods] of Object.entries(api.paths)) {
      for (const method of Object.keys(methods)) {
        // One that revokes a key, or disables the admin, has its own test.
        if (path.includes('/admin/') && method !== 'get') continue
        for (const authorization of ['', `Bearer ${admin}`, 'Bearer x']) {
          const url = trio.auth.url + path.replace('{id}', user.id).replace('{kid}', kid)
          await remember(send(url, { method: method.toUpperCase(), headers: { Authorization: authorization } }))
        }
      }
    }
    await remember(refresh(trio.auth.url, tokens.refresh_token))
    await remember(get(`${trio.auth.managementUrl}/metrics`))
    await remember(get(`${trio.auth.url}/openapi.json`))
    await remember(post(`${trio.auth.url}/admin/keys/rotate`, undefined, admin))
    await remember(post(`${trio.auth.url}/admin/keys/${kid}/revoke`, undefined, admin))
    expect(seen.length).toBeGreaterThan(100)
    expectNone(seen.join('\n'))
  })

  test('not in a dump of the database', async () => {
    const tables = await query<{ name: string }>(
      database.url,
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    const dump: string[] = []
    for (const { name } of tables) {
      const rows = await query<{ line: string }>(database.url, `SELECT row_to_json(t)::text AS line FROM "${name}" t`)
      dump.push(...rows.map(({ line }) => line))
    }
    expect(dump.join('\n')).toContain('sealed_private_jwk')
    expectNone(dump.join('\n'))
  })

  test.skipIf(!inject('docker'))(
    'not in the output of a start with a wrong master key, or with an altered key',
    async () => {
      const env = {
        PATH: process.env.PATH as string,
        ISSUER: 'http://issuer.test',
        API_AUDIENCE: 'http://api.test',
        DATABASE_URL: database.url,
        REDIS_URL: inject('redisUrl') as string,
        LOG_LEVEL: 'trace',
        PORT: '0',
        MANAGEMENT_PORT: '0',
        HOST: '127.0.0.1'
      }
      const start = (key: string) => {
        const { status, stdout, stderr } = spawnSync(process.execPath, [main], {
          env: { ...env, COUNTERSIGN_MASTER_KEY: key },
          encoding: 'utf8',
          timeout: 30_000
        })
        expectNone(stdout + stderr)
        if (key) expect(stdout + stderr).not.toContain(key)
        return { status, stderr }
      }
      for (const [key, says] of [
        [randomBytes(32).toString('base64'), /COUNTERSIGN_MASTER_KEY/],
        [randomBytes(16).toString('base64'), /COUNTERSIGN_MASTER_KEY must be .*openssl rand -base64 32/],
        ['', /COUNTERSIGN_MASTER_KEY is required: .*openssl rand -base64 32/]
      ] as const) {
        const { status, stderr } = start(key)
        expect(status).toBe(1)
        expect(stderr).toMatch(says)
      }
      await query(
        database.url,
        `UPDATE signing_keys SET sealed_private_jwk = overlay(sealed_private_jwk PLACING 'AAAA' FROM length(sealed_private_jwk) - 40)
       WHERE sealed_private_jwk IS NOT NULL`
      )
      expect(start(masterKey.toString('base64'))).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('was altered or is damaged')
      })
    }
  )

  test('not in the logs at the most verbose level', () => {
    expect(trio.logs()).toContain('"level"')
    expectNone(trio.logs())
    expect(trio.logs()).not.toMatch(/\\?"(?:d|dp|dq|qi)\\?"\s*:\s*\\?"/)
  })
})
