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
      confirmPublished: vi.fn(async () => void steps.push('confirm')),
      reportBacklog: vi.fn(async () => void steps.push('report')),
      readDatabaseMemory: vi.fn(async () => ({ isHeld: false, decision: undefined, lastPublished: [] })),
      holdDatabase: vi.fn(async () => true),
      acceptDatabase: vi.fn(async () => {}),
      trim: vi.fn(async () => {}),
      close: vi.fn(async () => {})
    } satisfies RevocationPublisher
    const outbox = {
      listUnpublished: vi.fn(async () => unpublished),
      countUnpublished: vi.fn(async () => unpublished.length),
      markPublished: vi.fn(async (_: readonly bigint[]) => {
        unpublished = []
      }),
      lacks: vi.fn(async () => false),
      skipTo: vi.fn(async () => {}),
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
    const showFeedFault = vi.fn()
    const onCommitted = vi.fn()
    const start = () => {
      relay = startRevocationRelay({
        outbox,
        publisher,
        logger,
        sweepIntervalMs: 2,
        metrics: { observePublication, showFeedFault },
        onCommitted
      })
      return relay
    }
    const leave = (entries: OutboxEntry[]) => {
      unpublished = entries
    }
    /** Waits until so many sweeps are over. */
    const sweeps = (count: number) =>
      vi.waitFor(() => expect(publisher.isIntact.mock.calls.length).toBeGreaterThan(count))
    return { steps, publisher, outbox, log, observePublication, showFeedFault, onCommitted, start, leave, sweeps }
  }
  const entry: OutboxEntry = { id: 1n, kind: 'sid', value: 's', expiresAt: 2_000_000_000 }

  it('confirms the feed once everything that was left over is published, and not before', async () => {
    const { steps, start, leave, sweeps } = setUp()
    leave([entry])
    start()
    await sweeps(1)
    expect(steps.slice(0, 2)).toEqual(['publish', 'confirm'])
  })

  it('confirms nothing while the database or the transport cannot be asked, nor when a rebuild fails', async () => {
    const { steps, publisher, outbox, start, sweeps } = setUp()
    outbox.listUnpublished.mockRejectedValueOnce(new Error('database unavailable'))
    publisher.isIntact
      .mockResolvedValueOnce(true)
      .mockRejectedValueOnce(new Error('transport unavailable'))
      .mockResolvedValueOnce(false)
      .mockImplementationOnce(async () => steps.push('asked') > 0)
    publisher.rebuild.mockRejectedValueOnce(new Error('lost'))
    start()
    await sweeps(4)
    expect(steps.slice(0, 2)).toEqual(['asked', 'confirm'])
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

  it('logs the first writing of the feed as info, and a lost feed as a warning', async () => {
    const { publisher, log, start, sweeps } = setUp()
    publisher.isIntact.mockResolvedValueOnce(false).mockResolvedValueOnce(true).mockResolvedValueOnce(false)
    start()
    await sweeps(3)
    expect(log).toEqual([
      'info: the revocation feed was written from the database',
      'warn: the revocation feed was lost, and was written again from the database'
    ])
  })

  it('warns once while the transport is unavailable, and logs when it is back', async () => {
    const { publisher, log, start, sweeps } = setUp()
    publisher.isIntact.mockRejectedValueOnce(new Error('unavailable')).mockRejectedValueOnce(new Error('unavailable'))
    start()
    await sweeps(3)
    expect(log).toEqual(['warn: the revocation feed cannot be served', 'info: the revocation feed is served again'])
  })

  it('marks announced entries together, leaves the others to the sweeper, and never fails', async () => {
    const { publisher, outbox, observePublication, start } = setUp()
    const started = start()
    await started.announce([entry])
    await started.announce([{ ...entry, id: 2n }])
    expect(outbox.markPublished).not.toHaveBeenCalled()
    expect(observePublication).toHaveBeenCalledTimes(2)
    publisher.publish.mockRejectedValueOnce(new Error('unavailable'))
    await started.announce([{ ...entry, id: 3n }])
    expect(observePublication).toHaveBeenCalledTimes(2)
    await vi.waitFor(() => expect(outbox.markPublished).toHaveBeenCalledWith([1n, 2n]))
    await started.announce([{ ...entry, id: 4n }])
    await vi.waitFor(() => expect(outbox.markPublished).toHaveBeenLastCalledWith([4n]))
    expect(outbox.markPublished).toHaveBeenCalledTimes(2)
  })

  it('marks at its end what it has not marked yet', async () => {
    const { outbox, start } = setUp()
    const started = start()
    await started.announce([entry])
    await started.close()
    expect(outbox.markPublished.mock.calls).toEqual([[[1n]]])
  })

  it("hands over what is committed before the transport takes it: the issuer's own verifier knows it first", async () => {
    const { publisher, onCommitted, start } = setUp()
    const handedOver: unknown[] = []
    // A copy: the list of calls goes on afterwards.
    publisher.publish.mockImplementation(async () => void handedOver.push(...onCommitted.mock.calls))
    await start().announce([entry])
    expect(handedOver).toEqual([[[entry]]])
  })

  it('reports a backlog from a refused publication on, and confirms nothing before all of it is published', async () => {
    const { steps, publisher, onCommitted, start, leave, sweeps } = setUp()
    const refusal = new Error("OOM command not allowed when used memory > 'maxmemory'.")
    const started = start()
    await sweeps(1)
    publisher.publish.mockRejectedValue(refusal)
    leave([entry])
    await started.announce([entry])
    expect(onCommitted).toHaveBeenCalledWith([entry])
    expect(started.isHealthy()).toBe(false)
    steps.length = 0
    await sweeps(publisher.isIntact.mock.calls.length + 3)
    expect(steps).not.toContain('confirm')
    publisher.publish.mockImplementation(async () => void steps.push('publish'))
    await vi.waitFor(() => expect(steps).toContain('confirm'))
    expect(steps.indexOf('publish')).toBeLessThan(steps.indexOf('confirm'))
    expect(started.isHealthy()).toBe(true)
    expect(publisher.reportBacklog).toHaveBeenCalled()
  })

  it('reports a backlog that an earlier process left, and names the fault in the metric', async () => {
    const { publisher, showFeedFault, start, leave } = setUp()
    publisher.publish.mockRejectedValue(new Error('MISCONF Redis is configured to save RDB snapshots'))
    leave([entry])
    start()
    await vi.waitFor(() => expect(publisher.reportBacklog).toHaveBeenCalled())
    expect(showFeedFault).toHaveBeenLastCalledWith('snapshots_failing')
  })

  it('reports no backlog while the transport is refused and nothing waits', async () => {
    const { publisher, showFeedFault, start } = setUp()
    publisher.confirmPublished.mockRejectedValue(new Error('NOREPLICAS Not enough good replicas to write.'))
    start()
    await vi.waitFor(() => expect(showFeedFault).toHaveBeenLastCalledWith('too_few_replicas'))
    expect(publisher.reportBacklog).not.toHaveBeenCalled()
  })
})
