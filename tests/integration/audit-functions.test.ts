import { createTestDatabase, executeAlone, type TestDatabase } from '@countersign/testing'
import { query } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

describe('a role that may only execute the functions of the audit log', () => {
  let database: TestDatabase
  const role = `audit_functions_${process.pid}`
  const asRole = (text: string) => executeAlone(database.url, `SET ROLE ${role}; ${text}`)

  beforeAll(async () => {
    database = await createTestDatabase()
    await query(database.url, `CREATE ROLE ${role}`)
    await query(
      database.url,
      `GRANT EXECUTE ON FUNCTION make_audit_partitions, drop_audit_partition, delete_audit_events TO ${role}`
    )
  })
  afterAll(async () => {
    await query(database.url, `DROP OWNED BY ${role}`)
    await query(database.url, `DROP ROLE ${role}`)
    await database.drop()
  })

  test('drops no table that it names in a view of its own', async () => {
    await asRole(`
      CREATE TEMP VIEW audit_partitions AS
        SELECT 'revocations'::text AS name, '-infinity'::timestamptz AS "from", now() - interval '9 years' AS "to";
      SELECT drop_audit_partition(1)`)
    expect(await query(database.url, "SELECT to_regclass('revocations') IS NOT NULL AS lives")).toEqual([
      { lives: true }
    ])
  })

  test('deletes no events of a temporary table in place of ours', async () => {
    await query(database.url, "INSERT INTO audit_events (type, at) VALUES ('session.started', '2020-01-01')")
    await asRole(`
      CREATE TEMP TABLE audit_events_unpartitioned (id bigint, at timestamptz);
      SELECT delete_audit_events(1, 10)`)
    expect(await query(database.url, "SELECT FROM audit_events WHERE at < '2021-01-01'")).toEqual([])
  })

  test.each([
    'drop_audit_partition(0)',
    'drop_audit_partition(-100000)',
    'drop_audit_partition(NULL)',
    'delete_audit_events(0, 100)',
    'delete_audit_events(-100000, 2000000000)',
    'delete_audit_events(NULL, 100)'
  ])('cannot remove the events of today: %s', async (call) => {
    await query(database.url, "INSERT INTO audit_events (type) VALUES ('session.started')")
    await expect(asRole(`SELECT ${call}`)).rejects.toThrow('Audit events are kept for a day at least.')
    expect(await query(database.url, 'SELECT FROM audit_events')).not.toEqual([])
  })
})
