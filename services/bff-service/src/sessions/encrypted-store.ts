import { readSession, type Session } from './session.ts'
import { decryptSession, encryptSession, isSessionId, makeSessionId, storageKey } from './session-encryption.ts'
import type { RenewalClaim, SessionStore, StoredSession } from './session-store.ts'

/** A session that a browser has shown the id of. */
export interface PresentedSession extends Session {
  readonly id: string
}

/** The store behind an id: each session is encrypted with its own. */
export interface EncryptedStore {
  /** Stores a session under a new id. */
  create(session: Session): Promise<PresentedSession>
  /** @returns the live session of a cookie's value */
  find(id: string | undefined): Promise<PresentedSession | undefined>
  /** Finds a session before its tokens are refreshed; see the store's `claim`. */
  claim(id: string, claim: RenewalClaim): Promise<{ session: PresentedSession; isElsewhere: boolean } | undefined>
  /** Releases a claim whose refresh has failed. */
  release(id: string): Promise<void>
  /** Stores the next version of a session, if the stored one is the version before it. @returns whether it was stored */
  replace(id: string, next: Session): Promise<boolean>
  remove(id: string): Promise<void>
}

export interface EncryptedStoreDeps {
  store: SessionStore
  idleSeconds: number
  clock: { now(): number }
}

export function createEncryptedStore({ store, idleSeconds, clock }: EncryptedStoreDeps): EncryptedStore {
  return {
    async create(session) {
      const id = makeSessionId()
      await store.create(storageKey(id), await seal(id, session), idleSeconds)
      return { ...session, id }
    },
    async find(id) {
      if (id === undefined || !isSessionId(id)) return undefined
      const stored = await store.use(storageKey(id), idleSeconds)
      if (!stored) return undefined
      return open(id, stored)
    },
    async claim(id, claim) {
      const claimed = await store.claim(storageKey(id), claim, idleSeconds)
      const session = claimed && (await open(id, claimed.session))
      return session && { session, isElsewhere: claimed.isElsewhere }
    },
    release: (id) => store.release(storageKey(id)),
    replace: async (id, next) => store.replace(storageKey(id), next.version - 1, await seal(id, next), idleSeconds),
    remove: (id) => store.remove(storageKey(id))
  }

  async function open(id: string, { encrypted, version }: StoredSession): Promise<PresentedSession | undefined> {
    const session = readSession(await decryptSession(id, encrypted), version, clock.now())
    return session && { ...session, id }
  }
}

async function seal(id: string, session: Session): Promise<StoredSession> {
  return { version: session.version, encrypted: await encryptSession(id, session) }
}
