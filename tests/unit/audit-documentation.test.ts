import { readFileSync } from 'node:fs'
import { auditEventTypes } from '@countersign/oauth'
import { expect, test } from 'vitest'

test('docs/audit-log.md names every type of event, and no other', () => {
  const page = readFileSync(new URL('../../docs/audit-log.md', import.meta.url), 'utf8')
  const documented = [...page.matchAll(/^\| `([\w.]+)` \|/gm)].map(([, type]) => type)
  expect(documented).toEqual([...auditEventTypes])
})
