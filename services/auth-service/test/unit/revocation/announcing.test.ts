import { describe, expect, test } from 'vitest'
import { announcing } from '../../../src/revocation/announcing.ts'
import type { OutboxEntry } from '../../../src/revocation/revocation-outbox.ts'

const entry: OutboxEntry = { id: 1n, kind: 'sid', value: 'session-1', expiresAt: 2_000_000_000 }

describe('a store that announces', () => {
  const announced: (readonly OutboxEntry[])[] = []
  const store = announcing(
    {
      end: async (id: string) => ({ ended: id, entries: [entry] }),
      list: async () => ['one', 'two'],
      find: async () => undefined as { entries: readonly OutboxEntry[] } | undefined,
      fail: async () => {
        throw new Error('away')
      }
    },
    {
      async announce(entries) {
        announced.push(entries)
        return false
      }
    }
  )

  test('announces what a change commits before it answers, and says whether it is published', async () => {
    expect(await store.end('session-1')).toEqual({ ended: 'session-1', published: false })
    expect(announced.splice(0)).toEqual([[entry]])
  })

  test('leaves other outcomes as they are, lists and none at all', async () => {
    expect(await store.list()).toEqual(['one', 'two'])
    expect(await store.find()).toBeUndefined()
    await expect(store.fail()).rejects.toThrow('away')
    expect(announced).toEqual([])
  })
})
