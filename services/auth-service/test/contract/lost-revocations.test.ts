import { createTestDatabase, type TestDatabase } from '@countersign/testing'
import { query } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RevocationOutbox } from '../../src/revocation/revocation-outbox.ts'
import { type Database, openDatabase, openDatabasePool } from '../../src/stores/postgres/database.ts'
import { createPrismaRevocationOutbox } from '../../src/stores/postgres/revocation-outbox.ts'

describe('whether the outbox lacks what was published from it', () => {
  let testDatabase: TestDatabase
  let database: Database
  let outbox: RevocationOutbox
  const soon = Math.ceil(Date.now() / 1000) + 600

  beforeAll(async () => {
    testDatabase = await createTestDatabase()
    database = openDatabase(openDatabasePool({ url: testDatabase.url, connections: 1 }))
    outbox = createPrismaRevocationOutbox(database)
  })
  afterAll(async () => {
    await database.$disconnect()
    await testDatabase.drop()
  })

  const revoke = async () => {
    const { entries } = await outbox.revokeToken({ jti: crypto.randomUUID(), expiresAt: soon, clientId: 'api' })
    return entries.map(({ id, expiresAt }) => ({ id, expiresAt }))
  }
  const remove = (id: bigint | undefined) =>
    query(testDatabase.url, 'DELETE FROM revocations WHERE id = $1', [String(id)])

  test('it lacks nothing when nothing was published, or when all of it is there', async () => {
    expect(await outbox.lacks([])).toBe(false)
    const [first, second] = [await revoke(), await revoke()]
    expect(await outbox.lacks([...first, ...second])).toBe(false)
  })

  test('it lacks a live entry that is gone, wherever it stood', async () => {
    const [first, second, third] = [await revoke(), await revoke(), await revoke()]
    await remove(second[0]?.id)
    expect(await outbox.lacks([...first, ...third])).toBe(false)
    expect(await outbox.lacks([...first, ...second, ...third])).toBe(true)
  })

  test('it does not lack an expired entry that housekeeping has removed, nor one that is about to expire', async () => {
    const [{ id = 0n } = {}] = await revoke()
    await remove(id)
    const now = Date.now() / 1000
    expect(await outbox.lacks([{ id, expiresAt: Math.floor(now) - 60 }])).toBe(false)
    expect(await outbox.lacks([{ id, expiresAt: Math.ceil(now) + 1 }])).toBe(false)
    expect(await outbox.lacks([{ id, expiresAt: Math.ceil(now) + 60 }])).toBe(true)
  })

  test('it lacks an entry whose id stands for another one now', async () => {
    const [entry] = await revoke()
    if (!entry) throw new Error('no entry')
    expect(await outbox.lacks([{ ...entry, expiresAt: entry.expiresAt + 60 }])).toBe(true)
    expect(await outbox.lacks([{ ...entry, expiresAt: entry.expiresAt - 60 }])).toBe(true)
  })

  test('it lacks an id that it has never given, even if the entry has expired', async () => {
    const [{ id = 0n } = {}] = await revoke()
    expect(await outbox.lacks([{ id: id + 1n, expiresAt: 1 }])).toBe(true)
    await outbox.skipTo(id + 1n)
    expect(await outbox.lacks([{ id: id + 1n, expiresAt: 1 }])).toBe(false)
    expect((await revoke())[0]?.id).toBe(id + 2n)
  })
})
