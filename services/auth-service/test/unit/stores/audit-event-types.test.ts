import { readdirSync, readFileSync } from 'node:fs'
import { auditEventTypes } from '@countersign/oauth'
import { describe, expect, it } from 'vitest'

const stores = new URL('../../../src/stores/postgres/', import.meta.url)
/** These read the audit log, and write nothing to it; audit-events.ts also has the names that events were stored under before. */
const readers = ['statistics.ts', 'revocation-events.ts', 'audit-events.ts']

/** What looks like a type of event, with where it stands. */
function literals(): { file: string; type: string; isTyped: boolean }[] {
  return readdirSync(stores)
    .filter((file) => !readers.includes(file))
    .flatMap((file) => {
      const lines = readFileSync(new URL(file, stores), 'utf8').split('\n')
      return lines.flatMap((line) =>
        [...line.matchAll(/'([a-z_]+\.[a-z_]+)'/g)].map(({ 1: type = '', index }) => ({
          file,
          type,
          isTyped: /auditEventType\($|recordClientEvent\(|\btype(: | = )/.test(line.slice(0, index))
        }))
      )
    })
}

describe('the catalogue of audit events', () => {
  it('holds every type that the stores write, and no other', () => {
    const written = [...new Set(literals().map(({ type }) => type))].sort()
    expect(written.length).toBeGreaterThan(20)
    expect(written).toEqual([...auditEventTypes].sort())
    expect(new Set(auditEventTypes).size).toBe(auditEventTypes.length)
  })

  it('is what each of them is checked against: none stands in the text of a statement', () => {
    expect(literals().filter(({ isTyped }) => !isTyped)).toEqual([])
  })

  it('names each noun.past_participle', () => {
    for (const type of auditEventTypes) expect(type).toMatch(/^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$/)
  })
})
