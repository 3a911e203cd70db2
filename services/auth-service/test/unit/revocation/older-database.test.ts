import type { Logger } from '@countersign/service-kit'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type OlderDatabaseWatch, watchForOlderDatabase } from '../../../src/revocation/older-database.ts'

describe('the watch for an older database', () => {
  let watch: OlderDatabaseWatch | undefined

  afterEach(async () => watch?.close())

  const setUp = ({ remembered = 0n, given = 0n, published = 0n }) => {
    const outbox = { readPosition: vi.fn(async () => ({ given, published })) }
    const publisher = { readPosition: vi.fn(async () => remembered), advancePosition: vi.fn(async (_: bigint) => {}) }
    const error = vi.fn()
    const logger = { error, info: vi.fn(), debug: vi.fn() } as unknown as Logger
    watch = watchForOlderDatabase({ outbox, publisher, logger, intervalMs: 2 })
    return { watch, outbox, publisher, error }
  }

  it('takes a database as current once it has been compared, and keeps what was published', async () => {
    const { watch, publisher } = setUp({ remembered: 7n, given: 12n, published: 9n })
    expect(watch.isCurrent()).toBe(false)
    await vi.waitFor(() => expect(watch.isCurrent()).toBe(true))
    expect(publisher.advancePosition).toHaveBeenCalledWith(9n)
  })

  it('keeps nothing when nothing new was published', async () => {
    const { watch, publisher, outbox } = setUp({ remembered: 9n, given: 12n, published: 9n })
    await vi.waitFor(() => expect(outbox.readPosition.mock.calls.length).toBeGreaterThan(3))
    expect(watch.isCurrent()).toBe(true)
    expect(publisher.advancePosition).not.toHaveBeenCalled()
  })

  it('reports an older one once, keeps nothing, and goes on when the operator has decided', async () => {
    const { watch, outbox, publisher, error } = setUp({ remembered: 20n, given: 12n, published: 9n })
    await vi.waitFor(() => expect(outbox.readPosition.mock.calls.length).toBeGreaterThan(5))
    expect(watch.isCurrent()).toBe(false)
    expect(error).toHaveBeenCalledOnce()
    expect(error.mock.calls[0]?.[1]).toMatch(/The database is older .* Run: countersign after-restore$/)
    expect(publisher.advancePosition).not.toHaveBeenCalled()
    outbox.readPosition.mockResolvedValue({ given: 20n, published: 9n })
    await vi.waitFor(() => expect(watch.isCurrent()).toBe(true))
  })

  it('stays with what it knows while Redis is away, and goes on without Redis after a start', async () => {
    const { watch, publisher } = setUp({ remembered: 20n, given: 12n })
    await vi.waitFor(() => expect(publisher.readPosition.mock.calls.length).toBeGreaterThan(2))
    publisher.readPosition.mockRejectedValue(new Error('away'))
    const before = publisher.readPosition.mock.calls.length
    await vi.waitFor(() => expect(publisher.readPosition.mock.calls.length).toBeGreaterThan(before + 5))
    expect(watch.isCurrent()).toBe(false)
    await watch.close()
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      const another = setUp({})
      another.publisher.readPosition.mockRejectedValue(new Error('away'))
      await vi.waitFor(() => expect(another.publisher.readPosition).toHaveBeenCalled())
      expect(another.watch.isCurrent()).toBe(false)
      vi.advanceTimersByTime(2100)
      await vi.waitFor(() => expect(another.watch.isCurrent()).toBe(true))
    } finally {
      vi.useRealTimers()
    }
  })
})
