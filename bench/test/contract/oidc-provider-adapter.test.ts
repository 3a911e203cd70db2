import { createEmptyTestDatabase, openTestPool, type TestDatabase } from '@countersign/testing'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adapterSchema, createPostgresAdapter } from '../../src/peers/oidc-provider-adapter.ts'

describe("oidc-provider's adapter for Postgres", () => {
  let database: TestDatabase
  let pool: pg.Pool
  let adapter: ReturnType<typeof createPostgresAdapter>

  beforeAll(async () => {
    database = await createEmptyTestDatabase()
    pool = openTestPool(database.url, { max: 4 })
    await pool.query(adapterSchema)
    adapter = createPostgresAdapter(pool)
  })
  afterAll(async () => {
    await pool.end()
    await database.drop()
  })

  test('finds stored items by model and id, in their last state', async () => {
    await adapter('Grant').upsert('a', { accountId: 'first' }, 60)
    await adapter('Grant').upsert('a', { accountId: 'second' }, 60)
    expect(await adapter('Grant').find('a')).toEqual({ accountId: 'second' })
    expect(await adapter('RefreshToken').find('a')).toBeUndefined()
  })

  test('keeps what does not expire, and forgets what has expired', async () => {
    await adapter('Client').upsert('kept', { client_id: 'kept' }, 0)
    await adapter('RefreshToken').upsert('expired', {}, -1)
    expect(await adapter('Client').find('kept')).toEqual({ client_id: 'kept' })
    expect(await adapter('RefreshToken').find('expired')).toBeUndefined()
  })

  test('marks consumed items', async () => {
    await adapter('RefreshToken').upsert('spent', { grantId: 'g1' }, 60)
    await adapter('RefreshToken').consume('spent')
    expect(await adapter('RefreshToken').find('spent')).toEqual({ grantId: 'g1', consumed: true })
  })

  test('destroys one, and all of a grant', async () => {
    await adapter('RefreshToken').upsert('one', { grantId: 'g2' }, 60)
    await adapter('AccessToken').upsert('two', { grantId: 'g2' }, 60)
    await adapter('RefreshToken').upsert('other', { grantId: 'g3' }, 60)
    await adapter('RefreshToken').revokeByGrantId('g2')
    expect(await adapter('RefreshToken').find('one')).toBeUndefined()
    expect(await adapter('AccessToken').find('two')).toBeUndefined()
    await adapter('RefreshToken').destroy('other')
    expect(await adapter('RefreshToken').find('other')).toBeUndefined()
  })

  test('finds by user code and by the uid of a session', async () => {
    await adapter('DeviceCode').upsert('device', { userCode: 'ABCD' }, 60)
    await adapter('Session').upsert('session', { uid: 'u1' }, 60)
    expect(await adapter('DeviceCode').findByUserCode('ABCD')).toEqual({ userCode: 'ABCD' })
    expect(await adapter('Session').findByUid('u1')).toEqual({ uid: 'u1' })
  })
})
