/** The contract of every transport of the denylist: the feed that verifiers follow, and the publisher that fills it. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import {
  createRevocationView,
  type RevocationEntry,
  type RevocationFeed,
  type RevocationView,
  systemClock
} from '@countersign/verifier'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runningTimeOf, until } from '../running-clock.ts'

/** The publisher's port, as the auth-service declares it. */
export interface PublisherUnderTest {
  publish(entries: readonly RevocationEntry[]): Promise<void>
  isIntact(): Promise<boolean>
  rebuild(batches: AsyncIterable<readonly RevocationEntry[]>): Promise<void>
  confirmPublished(): Promise<void>
  reportBacklog(): Promise<void>
  close(): Promise<void>
}

/** One transport, empty at first, with the faults that it can have. */
export interface RevocationTransport {
  /** Another replica of the issuer each time. */
  createPublisher(): PublisherUnderTest
  /** Another verifier's feed each time. */
  createFeed(): RevocationFeed
  /** Loses everything, as `FLUSHALL` does. */
  flush(): Promise<void>
  /** How soon a fault, or its end, must be noticed, in milliseconds. Default 1000. */
  readonly noticedWithinMs?: number
  /** Absent where there is no network between. */
  readonly network?: {
    /** From now on nothing responds, and connections stay open. */
    freeze(): void
    thaw(): void
    /** Resets all connections and refuses new ones. */
    cut(): Promise<void>
    restore(): Promise<void>
    /** Resets all connections once. */
    drop(): void
  }
  close(): Promise<void>
}

/** Runs the suite against one adapter. */
export function describeRevocationFeed(name: string, createTransport: () => Promise<RevocationTransport>): void {
  describe(`the revocation feed over ${name}`, () => {
    let transport: RevocationTransport
    let publisher: PublisherUnderTest
    const closables: { close(): Promise<void> }[] = []
    let confirming: NodeJS.Timeout
    let noticeWithin: number

    beforeEach(async () => {
      transport = await createTransport()
      noticeWithin = transport.noticedWithinMs ?? 1000
      publisher = addPublisher()
      // As the issuer does all the time.
      confirming = setInterval(() => publisher.confirmPublished().catch(() => {}), 500)
    })
    afterEach(async () => {
      clearInterval(confirming)
      await Promise.all(closables.splice(0).map((closable) => closable.close()))
      await transport.close()
    })

    const becomes = (view: RevocationView, state: 'current' | 'interrupted', within = noticeWithin) =>
      until(() => view.status().isCurrent === (state === 'current'), within)
    const addPublisher = () => {
      const added = transport.createPublisher()
      closables.push(added)
      return added
    }
    /** A verifier that joins now. */
    const join = () => {
      const feed = transport.createFeed()
      const view = createRevocationView({ clock: systemClock })
      feed.follow(view, systemClock)
      closables.push(feed)
      return { feed, view }
    }
    const joinAndLoad = async () => {
      const joined = join()
      await joined.view.loaded()
      return joined
    }

    describe('in quiet times', () => {
      it('is not loaded before the first rebuild, and is with it, even if there is nothing to deny', async () => {
        const { view } = join()
        await delay(400)
        expect(view.status()).toMatchObject({ isLoaded: false, isCurrent: false })
        expect(await publisher.isIntact()).toBe(false)
        await publisher.rebuild(batchesOf([]))
        await becomes(view, 'current')
        expect(await publisher.isIntact()).toBe(true)
        expect(view.status().entries).toBe(0)
      })

      it('brings an entry to every verifier within 100 ms', async () => {
        await publisher.rebuild(batchesOf([]))
        const { view: first } = await joinAndLoad()
        const { view: second } = await joinAndLoad()
        const took: number[] = []
        for (let round = 0; round < 20; round++) {
          const entry = entryOf('sid')
          await delay(Math.random() * 40)
          await publisher.publish([entry])
          took.push(await runningTimeOf(() => until(() => knows(first, entry) && knows(second, entry), noticeWithin)))
        }
        // Three that a busy machine held up say nothing about the transport.
        expect(took.toSorted((a, b) => a - b).at(-4), took.map(Math.round).join(', ')).toBeLessThan(100)
      })

      it('stays fresh while nothing happens', async () => {
        await publisher.rebuild(batchesOf([]))
        const { view } = await joinAndLoad()
        // At first a view is as fresh as the last confirmation of an issuer.
        await until(() => view.staleness() < 700, 5000)
        await delay(1600)
        for (let tick = 0; tick < 30; tick++) {
          await delay(50)
          expect(view.staleness()).toBeLessThan(2000)
        }
        expect(view.status().isCurrent).toBe(true)
      })

      it('shows a late joiner everything, also when it is many pages', async () => {
        const old = Array.from({ length: 2500 }, () => entryOf('sid'))
        await publisher.rebuild(batchesOf(old.slice(0, 1200), old.slice(1200, 1201)))
        await publisher.publish(old.slice(1201))
        const { view } = await joinAndLoad()
        expect(old.every((entry) => knows(view, entry))).toBe(true)
        expect(view.status().entries).toBe(old.length)
      })

      it('knows all three kinds apart, also when it is asked directly', async () => {
        await publisher.rebuild(batchesOf([]))
        const { view, feed } = await joinAndLoad()
        for (const kind of ['jti', 'sid', 'kid'] as const) {
          const entry = entryOf(kind)
          const others = { jti: 'a', sid: 'b', kid: 'c' }
          await publisher.publish([entry])
          await until(() => knows(view, entry), noticeWithin)
          expect(await feed.checkDirectly({ ...others, [kind]: entry.value })).toBe(true)
          expect(await feed.checkDirectly({ jti: entry.value, sid: entry.value, kid: entry.value })).toBe(true)
          const other = kind === 'sid' ? 'jti' : 'sid'
          expect(await feed.checkDirectly({ ...others, [other]: entry.value })).toBe(false)
        }
        expect(await feed.checkDirectly({ jti: 'a', kid: 'c' })).toBe(false)
      })

      it('knows the session of each who acts, when it is asked directly', async () => {
        const entry = entryOf('sid')
        await publisher.rebuild(batchesOf([entry, { ...entryOf('jti'), value: 'actor-1' }]))
        const { feed } = await joinAndLoad()
        for (const sid of [undefined, 'session']) {
          const token = { jti: 'a', sid, kid: 'c' }
          expect(await feed.checkDirectly({ ...token, actors: ['actor-1', entry.value] })).toBe(true)
          expect(await feed.checkDirectly({ ...token, actors: ['actor-1', 'actor-2'] })).toBe(false)
        }
      })

      it('ends an entry when it expires, and no earlier for coming twice', async () => {
        await publisher.rebuild(batchesOf([]))
        const { feed } = await joinAndLoad()
        const value = randomUUID()
        const inSeconds = (seconds: number) => Math.ceil(Date.now() / 1000) + seconds
        await publisher.publish([{ kind: 'jti', value, expiresAt: inSeconds(600) }])
        await publisher.publish([{ kind: 'jti', value, expiresAt: inSeconds(1) }])
        const brief = entryOf('jti', 2)
        await publisher.publish([brief, entryOf('jti', -5)])
        expect(await feed.checkDirectly({ jti: brief.value, kid: 'k' })).toBe(true)
        await delay(2100)
        expect(await feed.checkDirectly({ jti: brief.value, kid: 'k' })).toBe(false)
        expect(await feed.checkDirectly({ jti: value, kid: 'k' })).toBe(true)
      })

      it('reads nothing from the outbox before a rebuild has begun', async () => {
        const entry = entryOf('sid')
        let hasRead = false
        async function* outbox() {
          hasRead = true
          yield [entry]
        }
        const reading = outbox()
        await delay(50)
        expect(hasRead).toBe(false)
        await publisher.rebuild(reading)
        const { view } = await joinAndLoad()
        expect(knows(view, entry)).toBe(true)
      })
    })

    describe('when the transport loses its memory', () => {
      it('is interrupted within a second, forgets nothing, and is current again after a rebuild', async () => {
        const [known, later] = [entryOf('sid'), entryOf('sid')]
        await publisher.rebuild(batchesOf([known]))
        const { view, feed } = await joinAndLoad()

        await transport.flush()
        await becomes(view, 'interrupted')
        expect(knows(view, known)).toBe(true)
        expect(await publisher.isIntact()).toBe(false)
        await expect(feed.checkDirectly({ jti: 'a', kid: 'b' })).rejects.toThrow()
        await delay(300)
        expect(view.status().isCurrent).toBe(false)
        expect(view.staleness()).toBeGreaterThan(250)

        await publisher.rebuild(batchesOf([later]))
        await becomes(view, 'current')
        expect(knows(view, known) && knows(view, later)).toBe(true)
        expect(await publisher.isIntact()).toBe(true)
        const { view: lateView } = await joinAndLoad()
        expect(knows(lateView, later)).toBe(true)
      })

      it('is not taken for complete by what is published in between', async () => {
        const [known, inBetween] = [entryOf('sid'), entryOf('sid')]
        await publisher.rebuild(batchesOf([known]))
        const { view } = await joinAndLoad()
        await transport.flush()
        await publisher.publish([inBetween])
        await becomes(view, 'interrupted')
        const { view: lateView } = join()
        await delay(400)
        expect(lateView.status().isLoaded).toBe(false)
        expect(await publisher.isIntact()).toBe(false)
        await publisher.rebuild(batchesOf([known, inBetween]))
        await becomes(lateView, 'current')
        expect(knows(lateView, known) && knows(lateView, inBetween)).toBe(true)
      })

      it('fails a rebuild that it interrupts, and passes the next one', async () => {
        const entries = Array.from({ length: 30 }, () => entryOf('sid'))
        async function* flushedMidway() {
          yield entries.slice(0, 10)
          yield entries.slice(10, 20)
          await transport.flush()
          yield entries.slice(20)
        }
        await expect(publisher.rebuild(flushedMidway())).rejects.toThrow()
        expect(await publisher.isIntact()).toBe(false)
        await expect(publisher.rebuild(flushedAtTheEnd())).rejects.toThrow()
        expect(await publisher.isIntact()).toBe(false)
        async function* flushedAtTheEnd() {
          yield entries
          await transport.flush()
        }
        await publisher.rebuild(batchesOf(entries))
        const { view } = await joinAndLoad()
        expect(entries.every((entry) => knows(view, entry))).toBe(true)
      })

      it('fails a rebuild whose outbox fails, and is not complete then', async () => {
        await expect(publisher.rebuild(failing())).rejects.toThrow('outbox is unavailable')
        expect(await publisher.isIntact()).toBe(false)
        async function* failing() {
          yield [entryOf('sid')]
          throw new Error('outbox is unavailable')
        }
      })
    })

    describe('with several replicas', () => {
      it('lets two rebuild at once, both to a good end', async () => {
        const entries = Array.from({ length: 50 }, () => entryOf('sid'))
        const other = addPublisher()
        await publisher.rebuild(batchesOf([]))
        const { view } = await joinAndLoad()
        await transport.flush()
        async function* slowly() {
          for (let at = 0; at < entries.length; at += 5) {
            await delay(Math.random() * 10)
            yield entries.slice(at, at + 5)
          }
        }
        await Promise.all([publisher.rebuild(slowly()), other.rebuild(slowly())])
        expect([await publisher.isIntact(), await other.isIntact()]).toEqual([true, true])
        await becomes(view, 'current')
        const { view: lateView } = await joinAndLoad()
        await delay(300)
        for (const one of [view, lateView]) expect(entries.every((entry) => knows(one, entry))).toBe(true)
        expect(view.status().isCurrent).toBe(true)
      })

      it('loses nothing that is published while others rebuild', async () => {
        await publisher.rebuild(batchesOf([]))
        const { view } = await joinAndLoad()
        const published: RevocationEntry[] = []
        const replicas = [addPublisher(), addPublisher(), addPublisher()]
        const publishing = replicas.map(async (replica) => {
          for (let round = 0; round < 40; round++) {
            const entries = [entryOf('sid'), entryOf('jti')]
            await replica.publish(entries)
            published.push(...entries)
          }
        })
        for (let round = 0; round < 5; round++) await publisher.rebuild(batchesOf([...published]))
        await Promise.all(publishing)
        await until(() => published.every((entry) => knows(view, entry)), noticeWithin)
        const { view: lateView } = await joinAndLoad()
        expect(published.every((entry) => knows(lateView, entry))).toBe(true)
      })

      it('tells every view that calls itself current the whole truth, under any schedule', async () => {
        const step = fc.constantFrom('publish', 'publish', 'flush', 'rebuild', 'join', 'wait')
        await fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (schedule) => {
            const outbox: RevocationEntry[] = []
            const views: RevocationView[] = []
            for (const one of schedule) {
              if (one === 'publish') {
                const entry = entryOf('sid')
                outbox.push(entry)
                await publisher.publish([entry])
              } else if (one === 'flush') await transport.flush()
              else if (one === 'rebuild') await publisher.rebuild(batchesOf([...outbox]))
              else if (one === 'join') views.push(join().view)
              else await delay(120)
            }
            const endedAt = performance.now()
            await delay(700)
            // Current as of a moment after the last publication: then everything has to be known.
            for (const view of views) {
              const asOf = performance.now() - view.staleness()
              if (asOf >= endedAt) expect(outbox.filter((entry) => !knows(view, entry))).toEqual([])
            }
            await publisher.rebuild(batchesOf([...outbox]))
            await until(() => views.every((view) => view.staleness() < 500), 2000)
            for (const view of views) expect(outbox.filter((entry) => !knows(view, entry))).toEqual([])
            await Promise.all(closables.splice(1).map((closable) => closable.close()))
            await transport.flush()
          }),
          { numRuns: 8, interruptAfterTimeLimit: 20_000 }
        )
      })
    })

    describe('when it is closed', () => {
      it('ends at once, and tells nothing any more', async () => {
        await publisher.rebuild(batchesOf([]))
        const { view, feed } = await joinAndLoad()
        await delay(50)
        expect(await runningTimeOf(() => feed.close())).toBeLessThan(100)
        const entry = entryOf('sid')
        await publisher.publish([entry])
        await delay(100)
        expect(knows(view, entry)).toBe(false)
        await feed.close()
      })

      it('has one follower ever', async () => {
        const { view, feed } = join()
        expect(() => feed.follow(view, systemClock)).toThrow(TypeError)
      })
    })

    const faults = ['frozen', 'cut'] as const
    describe.each(faults)('when the network is %s', (fault) => {
      const begin = async () => (fault === 'frozen' ? transport.network?.freeze() : await transport.network?.cut())
      const end = async () => (fault === 'frozen' ? transport.network?.thaw() : await transport.network?.restore())

      it('is interrupted within a second, answers no question, and holds nobody up', async ({ skip }) => {
        if (!transport.network) return skip('there is no network between')
        const known = entryOf('sid')
        await publisher.rebuild(batchesOf([known]))
        const { view, feed } = await joinAndLoad()
        await feed.checkDirectly({ jti: 'a', kid: 'b' })

        await begin()
        await becomes(view, 'interrupted')
        expect(knows(view, known)).toBe(true)
        for (const work of [
          () => feed.checkDirectly({ jti: 'a', kid: 'b' }),
          () => publisher.publish([entryOf('sid')]),
          () => publisher.isIntact()
        ]) {
          expect(await runningTimeOf(() => expect(work()).rejects.toThrow())).toBeLessThan(750)
        }
        const closing = join()
        await delay(50)
        expect(await runningTimeOf(() => closing.feed.close())).toBeLessThan(100)
        await end()
      })

      it('catches up by itself afterwards, with what was published by others meanwhile', async ({ skip }) => {
        if (!transport.network) return skip('there is no network between')
        await publisher.rebuild(batchesOf([]))
        const { view } = await joinAndLoad()
        await begin()
        await becomes(view, 'interrupted')
        await delay(1500)
        await end()
        const entry = entryOf('sid')
        await until(
          () =>
            publisher.publish([entry]).then(
              () => true,
              () => false
            ),
          3000
        )
        await becomes(view, 'current', Math.max(3000, noticeWithin))
        await until(() => knows(view, entry), 500)
        expect(await publisher.isIntact()).toBe(true)
      })
    })

    it('misses nothing when connections are reset again and again', async ({ skip }) => {
      if (!transport.network) return skip('there is no network between')
      await publisher.rebuild(batchesOf([]))
      const { view } = await joinAndLoad()
      const published: RevocationEntry[] = []
      for (let round = 0; round < 20; round++) {
        transport.network.drop()
        const entry = entryOf('sid')
        await until(
          () =>
            publisher.publish([entry]).then(
              () => true,
              () => false
            ),
          3000
        )
        published.push(entry)
        await delay(Math.random() * 100)
      }
      const endedAt = performance.now()
      await until(() => performance.now() - view.staleness() >= endedAt, 8000)
      expect(published.filter((entry) => !knows(view, entry))).toEqual([])
    })
  })
}

function entryOf(kind: RevocationEntry['kind'], seconds = 600): RevocationEntry {
  return { kind, value: randomUUID(), expiresAt: Math.floor(Date.now() / 1000) + seconds }
}

function knows(view: RevocationView, { kind, value }: RevocationEntry): boolean {
  return view.findHit({ jti: 'x', sid: 'x', kid: 'x', [kind]: value }) === kind
}

async function* batchesOf(...batches: RevocationEntry[][]): AsyncGenerator<RevocationEntry[]> {
  yield* batches
}
