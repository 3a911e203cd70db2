import type { OutboxEntry } from './revocation-outbox.ts'

/** Publishes denylist entries that are committed. */
export interface Announcer {
  /** @returns whether the transport has confirmed them, as it has when there are none; what it has not is published later */
  announce(entries: readonly OutboxEntry[]): Promise<boolean>
}

/** The outcome of a change once its denylist entries were announced. */
export type Announced<Outcome> = Outcome extends { readonly entries: readonly OutboxEntry[] }
  ? Omit<Outcome, 'entries'> & { readonly published: boolean }
  : Outcome

/** A store whose changes announce the denylist entries that they commit. */
export type Announcing<Store> = {
  readonly [Name in keyof Store]: Store[Name] extends (...args: infer Args) => Promise<infer Outcome>
    ? (...args: Args) => Promise<Announced<Outcome>>
    : Store[Name]
}

/**
 * Makes every method of a store announce the denylist entries that it commits, before it answers. What ends a session, a
 * client or a key is called through this alone, so that nobody who calls it can forget.
 */
export function announcing<Store extends object>(store: Store, announcer: Announcer): Announcing<Store> {
  const methods = Object.entries(store).map(([name, method]) => {
    const withAnnouncement = async (...args: unknown[]) => announce(await method(...args), announcer)
    return [name, withAnnouncement]
  })
  return Object.fromEntries(methods) as Announcing<Store>
}

async function announce(outcome: unknown, announcer: Announcer): Promise<unknown> {
  if (!hasEntries(outcome)) return outcome
  const { entries, ...rest } = outcome
  return { ...rest, published: await announcer.announce(entries) }
}

function hasEntries(outcome: unknown): outcome is { entries: readonly OutboxEntry[] } {
  // Its own: a list has a method of that name.
  return typeof outcome === 'object' && outcome !== null && Object.hasOwn(outcome, 'entries')
}
