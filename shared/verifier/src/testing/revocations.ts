import { type RevocationKind, revocationKinds } from '../access-token-profile.ts'
import type { Clock } from '../clock.ts'
import { createInProcessRevocationLog } from '../in-process/revocation-log.ts'
import { inProcessRevocations } from '../in-process/revocations.ts'
import type { RevocationEntry } from '../revocation/feed.ts'
import type { RevocationOptions } from '../revocation/revocations.ts'

/** What is revoked: one token by its `jti`, a session (or a client) by its `sid`, a signing key by its `kid`. */
export type TestRevocation = { readonly [kind in RevocationKind]?: string | undefined }

/** The denylist of a test issuer. */
export interface TestDenylist {
  /** For one verifier each time, since a feed has one follower. */
  options(): RevocationOptions
  revoke(revocation: TestRevocation): void
  interrupt(): void
  resume(): void
}

/** Longer than any token of a test lives. */
const entryLifetimeSeconds = 366 * 86_400

export function createTestDenylist(clock: Clock): TestDenylist {
  const log = createInProcessRevocationLog({ clock })
  let heldBack: RevocationEntry[] = []
  log.complete()
  return {
    options: () => inProcessRevocations(log),
    revoke(revocation) {
      const entries = entriesOf(revocation, clock.now() / 1000 + entryLifetimeSeconds)
      if (log.isComplete) log.append(entries)
      else heldBack.push(...entries)
    },
    interrupt() {
      if (!log.isComplete) return
      heldBack = log.liveEntries()
      log.flush()
    },
    resume() {
      log.append(heldBack)
      heldBack = []
      log.complete()
    }
  }
}

function entriesOf(revocation: TestRevocation, expiresAt: number): RevocationEntry[] {
  const unknown = Object.keys(revocation).filter((name) => !(revocationKinds as readonly string[]).includes(name))
  const entries = revocationKinds.flatMap((kind) => {
    const value = revocation[kind]
    return value === undefined ? [] : [{ kind, value, expiresAt }]
  })
  if (entries.length > 0 && unknown.length === 0) return entries
  throw new TypeError(`revoke takes ${revocationKinds.join(', ')}, at least one of them`)
}
