import type { Logger } from '@countersign/service-kit'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { OutboxEntry, RevocationOutbox } from '../../../src/revocation/revocation-outbox.ts'
import type { RevocationPublisher } from '../../../src/revocation/revocation-publisher.ts'
import { type RevocationRelay, startRevocationRelay } from '../../../src/revocation/revocation-relay.ts'

describe('the revocation relay', () => {
  let relay: RevocationRelay | undefined

  afterEach(async () => relay?.close())

  const setUp = () => {
    const steps: string[] = []
    let unpublished: OutboxEntry[] = []
    const publisher = {
      publish: vi.fn(async () => void steps.push('publish')),
      isIntact: vi.fn(async () => true),
      rebuild: vi.fn(async (batches: Parameters<RevocationPublisher['rebuild']>[0]) => {
        for await (const entries of batches) steps.push(`rebuild ${entries.length}`)
      }),
      vouch: vi.fn(async () => void steps.push('vouch')),
      trim: vi.fn(async () => {}),
      close: vi.fn(async () => {})
    } satisfies RevocationPublisher
    const outbox = {
      listUnpublished: vi.fn(async () => unpublished),
      countUnpublished: vi.fn(async () => unpublished.length),
      markPublished: vi.fn(async (_: readonly bigint[]) => {
        unpublished = []
      }),
      async *readLive() {
        yield [entry]
      },
      isAnyRevoked: vi.fn(async () => false)
    } satisfies Omit<RevocationOutbox, 'revokeToken'>
    const log: string[] = []
    const level =
      (name: string) =>
      (...[first, message]: [object | string, string?]) =>
        void log.push(`${name}: ${message ?? first}`)
    const logger = { info: level('info'), warn: level('warn') } as unknown as Logger
    const observePublication = vi.fn()
    const start = () => {
      relay = startRevocationRelay({
        outbox,
        publisher,
        logger,
        sweepIntervalMs: 2,
        metrics: { observePublication }
      })
      return relay
    }
    const leave = (entries: OutboxEntry[]) => {
      unpublished = entries
    }
    /** Waits until so many sweeps are over. */
    const sweeps = (count: number) =>
      vi.waitFor(() => expect(publisher.isIntact.mock.calls.length).toBeGreaterThan(count))
    return { steps, publisher, outbox, log, observePublication, start, leave, sweeps }
  }
  const entry: OutboxEntry = { id: 1n, kind: 'sid', value: 's', expiresAt: 2_000_000_000 }

  it('vouches for the feed once everything that was left over is published, and not before', async () => {
    const { steps, start, leave, sweeps } = setUp()
    leave([entry])
    start()
    await sweeps(1)
    expect(steps.slice(0, 2)).toEqual(['publish', 'vouch'])
  })

  it('does not vouch while the database or the carrier cannot be asked, nor when a rebuild fails', async () => {
    const { steps, publisher, outbox, start, sweeps } = setUp()
    outbox.listUnpublished.mockRejectedValueOnce(new Error('database away'))
    publisher.isIntact
      .mockResolvedValueOnce(true)
      .mockRejectedValueOnce(new Error('carrier away'))
      .mockResolvedValueOnce(false)
      .mockImplementationOnce(async () => steps.push('asked') > 0)
    publisher.rebuild.mockRejectedValueOnce(new Error('lost'))
    start()
    await sweeps(4)
    expect(steps.slice(0, 2)).toEqual(['asked', 'vouch'])
  })

  it('marks what a rebuild has written, and nothing when it fails', async () => {
    const { publisher, outbox, start, sweeps } = setUp()
    publisher.isIntact.mockResolvedValueOnce(false).mockResolvedValueOnce(false)
    publisher.rebuild.mockImplementationOnce(async (batches) => {
      for await (const _ of batches) throw new Error('lost')
    })
    start()
    await sweeps(2)
    expect(outbox.markPublished.mock.calls).toEqual([[[1n]]])
  })

  it('tells of the first writing of the feed as news, and of a feed that was lost as a warning', async () => {
    const { publisher, log, start, sweeps } = setUp()
    publisher.isIntact.mockResolvedValueOnce(false).mockResolvedValueOnce(true).mockResolvedValueOnce(false)
    start()
    await sweeps(3)
    expect(log).toEqual([
      'info: the revocation feed was written from the database',
      'warn: the revocation feed was lost, and was written anew from the database'
    ])
  })

  it('warns once while the carrier is away, and says when it is back', async () => {
    const { publisher, log, start, sweeps } = setUp()
    publisher.isIntact.mockRejectedValueOnce(new Error('away')).mockRejectedValueOnce(new Error('away'))
    start()
    await sweeps(3)
    expect(log).toEqual(['warn: the revocation feed cannot be served', 'info: the revocation feed is reachable again'])
  })

  it('marks what it has announced, leaves to the sweeper what it could not, and never fails', async () => {
    const { publisher, outbox, observePublication, start } = setUp()
    const started = start()
    await started.announce([entry])
    expect(outbox.markPublished).toHaveBeenCalledWith([1n])
    expect(observePublication).toHaveBeenCalledOnce()
    publisher.publish.mockRejectedValueOnce(new Error('away'))
    await started.announce([{ ...entry, id: 2n }])
    expect(outbox.markPublished).toHaveBeenCalledOnce()
    expect(observePublication).toHaveBeenCalledOnce()
  })
})
