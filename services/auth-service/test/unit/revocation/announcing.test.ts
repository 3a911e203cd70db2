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
        throw new Error('unavailable')
      }
    },
    {
      async announce(entries) {
        announced.push(entries)
        return false
      },
      endRest: async () => {
        throw new Error('nothing is left over')
      }
    }
  )

  test('ends what the change has left over before it responds, and says whether that was all', async () => {
    const changes = announcing(
      { end: async (endingId: bigint) => ({ ended: 500, entries: [entry], endingId }) },
      {
        announce: async () => true,
        endRest: async (endingId) => ({ ended: Number(endingId), published: true, isComplete: endingId < 1000n })
      }
    )
    expect(await changes.end(120n)).toEqual({ ended: 620, published: true, isComplete: true })
    expect(await changes.end(4000n)).toEqual({ ended: 4500, published: true, isComplete: false })
  })

  test('announces what a change commits before it responds, and says whether it is published', async () => {
    expect(await store.end('session-1')).toEqual({ ended: 'session-1', published: false, isComplete: true })
    expect(announced.splice(0)).toEqual([[entry]])
  })

  test('leaves other outcomes as they are, lists and none at all', async () => {
    expect(await store.list()).toEqual(['one', 'two'])
    expect(await store.find()).toBeUndefined()
    await expect(store.fail()).rejects.toThrow('unavailable')
    expect(announced).toEqual([])
  })
})
