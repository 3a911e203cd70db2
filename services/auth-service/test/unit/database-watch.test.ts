import type { Logger } from '@countersign/service-kit'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type DatabaseWatch, watchDatabase } from '../../src/database-watch.ts'
import type { DatabaseMemory } from '../../src/revocation/revocation-publisher.ts'

describe('the watch over the database', () => {
  let watch: DatabaseWatch | undefined

  afterEach(async () => watch?.close())

  const setUp = ({ lacks = false, isHeld = false, isUnavailable = false } = {}) => {
    const memory: DatabaseMemory = { isHeld, decision: 'first', lastPublished: [{ id: 7n, expiresAt: 1 }] }
    const decided: DatabaseMemory = { isHeld: false, decision: 'second', lastPublished: [] }
    const findSchemaFault = vi.fn(async (): Promise<string | undefined> => undefined)
    const outbox = { lacks: vi.fn(async () => lacks) }
    const readDatabaseMemory = vi.fn(async () => {
      if (isUnavailable) throw new Error('unavailable')
      return memory
    })
    const publisher = { readDatabaseMemory, holdDatabase: vi.fn(async () => true) }
    const error = vi.fn()
    const logger = { error, info: vi.fn(), debug: vi.fn() } as unknown as Logger
    watch = watchDatabase({ findSchemaFault, outbox, publisher, logger, intervalMs: 2 })
    const looks = async (count: number) => {
      const before = publisher.readDatabaseMemory.mock.calls.length
      await vi.waitFor(() => expect(publisher.readDatabaseMemory.mock.calls.length).toBeGreaterThan(before + count))
    }
    return { watch, findSchemaFault, outbox, publisher, memory, decided, error, looks }
  }

  it('takes a database as current once it has been compared', async () => {
    const { watch, outbox, publisher } = setUp()
    expect(watch.isUsable()).toBe(false)
    await watch.firstLook
    expect(watch.isUsable()).toBe(true)
    expect(outbox.lacks).toHaveBeenCalledWith([{ id: 7n, expiresAt: 1 }])
    expect(publisher.holdDatabase).not.toHaveBeenCalled()
  })

  it('reports an older one once, and has all replicas know of it', async () => {
    const { watch, publisher, error, looks } = setUp({ lacks: true })
    await looks(4)
    expect([watch.isCurrent(), watch.isUsable(), watch.hasSchema()]).toEqual([false, false, true])
    expect(error).toHaveBeenCalledOnce()
    expect(error.mock.calls[0]?.[0]).toMatch(/The database is older .* Run: countersign after-restore$/)
    expect(publisher.holdDatabase).toHaveBeenCalled()
  })

  it('goes on only when the operator has decided, whatever is published meanwhile', async () => {
    const { watch, outbox, publisher, memory, decided, looks } = setUp({ lacks: true })
    await looks(2)
    expect(publisher.holdDatabase).toHaveBeenCalledWith('first')
    publisher.readDatabaseMemory.mockResolvedValue({ ...memory, isHeld: true, lastPublished: [] })
    outbox.lacks.mockResolvedValue(false)
    await looks(3)
    expect(watch.isUsable()).toBe(false)
    publisher.readDatabaseMemory.mockResolvedValue(decided)
    await vi.waitFor(() => expect(watch.isUsable()).toBe(true))
  })

  it('stays closed, and sets the mark again, when Redis loses its memory or one key of it', async () => {
    const { watch, outbox, publisher, memory, decided, looks } = setUp({ lacks: true })
    await looks(2)
    outbox.lacks.mockResolvedValue(false)
    for (const decision of [undefined, 'first']) {
      publisher.holdDatabase.mockClear()
      publisher.readDatabaseMemory.mockResolvedValue({ ...memory, lastPublished: [], decision })
      await looks(3)
      expect(watch.isUsable()).toBe(false)
      expect(publisher.holdDatabase).toHaveBeenCalledWith(decision)
    }
    publisher.readDatabaseMemory.mockResolvedValue(decided)
    await vi.waitFor(() => expect(watch.isUsable()).toBe(true))
  })

  it('closes again when the database lacks something after the decision', async () => {
    const { watch, outbox, publisher, decided, looks } = setUp({ lacks: true })
    await looks(2)
    publisher.readDatabaseMemory.mockResolvedValue(decided)
    await looks(3)
    expect(watch.isUsable()).toBe(false)
    outbox.lacks.mockResolvedValue(false)
    await looks(3)
    expect(watch.isUsable()).toBe(false)
    publisher.readDatabaseMemory.mockResolvedValue({ ...decided, decision: 'third' })
    await vi.waitFor(() => expect(watch.isUsable()).toBe(true))
  })

  it('stays closed when Redis cannot remember that it is, also when the evidence has expired', async () => {
    const { watch, outbox, publisher, error, looks } = setUp({ lacks: true })
    publisher.holdDatabase.mockRejectedValue(new Error('OOM'))
    await looks(4)
    outbox.lacks.mockResolvedValue(false)
    await looks(4)
    expect(watch.isUsable()).toBe(false)
    expect(error).toHaveBeenCalledOnce()
  })

  it('stays with what it knows while Redis or Postgres is unavailable', async () => {
    const { watch, outbox, publisher, decided, looks } = setUp({ lacks: true })
    await watch.firstLook
    publisher.readDatabaseMemory.mockRejectedValue(new Error('unavailable'))
    await looks(4)
    expect(watch.isUsable()).toBe(false)
    publisher.readDatabaseMemory.mockResolvedValue(decided)
    outbox.lacks.mockRejectedValue(new Error('unavailable'))
    await looks(4)
    expect(watch.isUsable()).toBe(false)
    outbox.lacks.mockResolvedValue(false)
    await vi.waitFor(() => expect(watch.isUsable()).toBe(true))
    outbox.lacks.mockRejectedValue(new Error('unavailable'))
    await looks(4)
    expect(watch.isUsable()).toBe(true)
  })

  it('waits at a start for a Redis that cannot be asked, and goes on without it after ten seconds', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      const { watch, publisher } = setUp({ isUnavailable: true })
      await watch.firstLook
      vi.advanceTimersByTime(9_000)
      await vi.waitFor(() => expect(publisher.readDatabaseMemory.mock.calls.length).toBeGreaterThan(2))
      expect(watch.isUsable()).toBe(false)
      vi.advanceTimersByTime(1_100)
      await vi.waitFor(() => expect(watch.isUsable()).toBe(true))
    } finally {
      vi.useRealTimers()
    }
  })

  it('closes while a later version has taken away what this one needs, and says so once', async () => {
    const { watch, findSchemaFault, error, looks } = setUp()
    await watch.firstLook
    findSchemaFault.mockResolvedValue('The database is of a later version.')
    await looks(4)
    expect([watch.hasSchema(), watch.isUsable(), watch.isCurrent()]).toEqual([false, false, true])
    expect(error.mock.calls).toEqual([[expect.stringMatching(/^The database is of a later version\. This service/)]])
    findSchemaFault.mockRejectedValue(new Error('unavailable'))
    await looks(2)
    expect(watch.isUsable()).toBe(false)
    findSchemaFault.mockResolvedValue(undefined)
    await vi.waitFor(() => expect(watch.isUsable()).toBe(true))
  })
})
