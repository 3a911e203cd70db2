import {
  AccessDeniedError,
  InvalidGrantError,
  NotSignedInError,
  TemporarilyUnavailableError,
  type TokenResponse
} from '@countersign/oauth'
import { createLogger } from '@countersign/service-kit'
import { UnsecuredJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { IssuerClient, TokenTarget } from '../../src/issuer/issuer-client.ts'
import { createInProcessSessionStore } from '../../src/sessions/in-process-session-store.ts'
import { accessTokenOf } from '../../src/sessions/session.ts'
import { storageKey } from '../../src/sessions/session-encryption.ts'
import {
  createSessionService,
  type PresentedSession,
  type SessionService,
  type SessionServiceDeps
} from '../../src/sessions/session-service.ts'
import type { SessionStore } from '../../src/sessions/session-store.ts'

const browser = { address: '192.0.2.1', userAgent: 'test', acceptLanguage: '', requestId: '1' }
const absoluteSeconds = 86_400

interface TestIssuer {
  generation: number
  refreshes: number
  /** What each refresh asked for. */
  targets: (TokenTarget | undefined)[]
  signedOut: string[]
  refusal: Error | undefined
  gate: Promise<void>
  tokens(): TokenResponse
  /** Whether access tokens are valid there. */
  takesTokens: boolean
  questions: number
  client: IssuerClient
}

/** An issuer of which a test decides when and how it responds. */
function createIssuer(): TestIssuer {
  const issuer: TestIssuer = {
    generation: 0,
    refreshes: 0,
    targets: [],
    signedOut: [],
    refusal: undefined,
    gate: Promise.resolve(),
    takesTokens: true,
    questions: 0,
    tokens(): TokenResponse {
      const claims = {
        sub: 'u1',
        preferred_username: 'alice',
        sid: 's1',
        roles: ['admin'],
        generation: issuer.generation
      }
      return {
        access_token: new UnsecuredJWT(claims).encode(),
        refresh_token: `r${issuer.generation}`,
        token_type: 'Bearer',
        expires_in: 600,
        scope: 'account'
      }
    },
    client: {
      signIn: async () => issuer.tokens(),
      requestMailSignIn: async () => ({ flow: '', expires_in: 600 }),
      completeSignIn: async () => issuer.tokens(),
      continueSignIn: async () => ({}),
      stepUp: async () => issuer.tokens(),
      async refresh(refreshToken, _browser, target) {
        issuer.refreshes += 1
        issuer.targets.push(target)
        await issuer.gate
        if (issuer.refusal) throw issuer.refusal
        if (refreshToken === `r${issuer.generation}`) issuer.generation += 1
        return issuer.tokens()
      },
      async signOut(refreshToken) {
        if (issuer.refusal) throw issuer.refusal
        issuer.signedOut.push(refreshToken)
      },
      register: async () => ({}),
      readOffers: async () => ({ registration: 'open', mail: false, mail_sign_in: false, passkeys: false }),
      requestPasswordReset: async () => ({}),
      confirmPasswordReset: async () => {},
      undoEmailChange: async () => {},
      showInvitation: async () => ({}),
      acceptInvitation: async () => ({}),
      listProviders: async () => ({}),
      startAtProvider: async () => ({ authorization_url: 'https://id.example', transaction: 't' }),
      startInSession: async () => ({ authorization_url: 'https://id.example', transaction: 't' }),
      finishAtProvider: async () => issuer.tokens(),
      stepUpAtProvider: async () => issuer.tokens(),
      linkIdentity: async () => {},
      async showAuthorizationRequest() {
        throw new TypeError('not part of a session')
      },
      async showLogoutRequest() {
        throw new TypeError('not part of a session')
      },
      async isLive() {
        issuer.questions += 1
        await issuer.gate
        if (issuer.refusal) throw issuer.refusal
        return issuer.takesTokens
      }
    }
  }
  return issuer
}

describe('sessions of browsers', () => {
  let issuer: TestIssuer
  let store: SessionStore
  let sessions: SessionService
  let now: number
  let pending: { signOut: () => Promise<void>; failure: unknown }[]

  const replica = () => createSessionService(deps())
  const deps = (): SessionServiceDeps => ({
    store,
    issuer: issuer.client,
    logger: createLogger({ service: 'test', level: 'silent' }),
    metrics: { countRefresh: () => {}, countSession: () => {} },
    pendingSignOuts: { add: (signOut, failure) => void pending.push({ signOut, failure }), close: async () => {} },
    idleSeconds: 3600,
    absoluteSeconds,
    clock: { now: () => now },
    takeOverAfterMs: 100
  })

  /** Makes the issuer hang. @returns what lets it respond again */
  function hang(): () => void {
    let open = () => {}
    issuer.gate = new Promise<void>((resolve) => {
      open = resolve
    })
    return () => {
      issuer.gate = Promise.resolve()
      open()
    }
  }

  beforeEach(() => {
    now = Date.UTC(2026, 0, 1)
    pending = []
    issuer = createIssuer()
    store = createInProcessSessionStore()
    sessions = replica()
  })

  test('a token is refreshed half a minute before it expires, and not earlier', async () => {
    const session = await sessions.start({}, browser)
    now += 569_999
    expect(await sessions.freshen(session, browser)).toBe(session)
    now += 1
    expect((await sessions.freshen(session, browser)).refreshToken).toBe('r1')
    expect((await sessions.find(session.id))?.version).toBe(1)
  })

  test('requests that arrive together share one refresh', async () => {
    const session = await sessions.start({}, browser)
    now += 600_000
    const found = await Promise.all(Array.from({ length: 20 }, () => sessions.find(session.id)))
    await Promise.all(found.map((each) => each && sessions.freshen(each, browser)))
    expect(issuer.refreshes).toBe(1)
  })

  test('two replicas that refresh at once both have a valid token, and keep one successor', async () => {
    const session = await sessions.start({}, browser)
    now += 600_000
    const [one, other] = await Promise.all([sessions, replica()].map((each) => each.renew(session, browser)))
    expect([one?.refreshToken, other?.refreshToken]).toEqual(['r1', 'r1'])
    expect(await sessions.find(session.id)).toMatchObject({ version: 1, refreshToken: 'r1' })
  })

  test('a replica that is late does not put an old refresh token over a newer one', async () => {
    const session = await sessions.start({}, browser)
    let open = () => {}
    issuer.gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const late = sessions.renew(session, browser)
    issuer.gate = Promise.resolve()
    const second = await replica().renew(session, browser)
    await replica().renew(second, browser)
    open()
    await late
    expect(await sessions.find(session.id)).toMatchObject({ version: 2, refreshToken: 'r2' })
  })

  test('a request that holds an old version gets the one that is there, and presents nothing old', async () => {
    const session = await sessions.start({}, browser)
    const second = await sessions.renew(session, browser)
    await sessions.renew(second, browser)
    issuer.refreshes = 0
    expect(await sessions.renew(session, browser)).toMatchObject({ version: 2, refreshToken: 'r2' })
    expect(issuer.refreshes).toBe(0)
  })

  describe('a token for one API', () => {
    const reports = { resource: 'https://reports.example', scope: 'reports:read' }
    const stock = { resource: 'urn:stock' }

    test('is requested once, and kept beside the token of the session, which stays', async () => {
      const session = await sessions.start({}, browser)
      const fresh = await sessions.freshen(session, browser, reports)
      expect(issuer.targets).toEqual([reports])
      expect(accessTokenOf(fresh, reports)).not.toBe(session.accessToken)
      expect(fresh.accessToken).toBe(session.accessToken)
      const found = await sessions.find(session.id)
      expect(found).toEqual(fresh)
      expect(await sessions.freshen(fresh, browser, reports)).toBe(fresh)
      expect(issuer.refreshes).toBe(1)
    })

    test('is never another token', async () => {
      const session = await sessions.start({}, browser)
      expect(() => accessTokenOf(session, reports)).toThrow(TypeError)
    })

    test('does not change who the user is, and the own token is refreshed beside it', async () => {
      const session = await sessions.start({}, browser)
      const fresh = await sessions.freshen(session, browser, stock)
      now += 600_000
      const renewed = await sessions.freshen(fresh, browser)
      expect(renewed).toMatchObject({ userId: 'u1', username: 'alice', roles: ['admin'], version: 2 })
      expect(issuer.targets).toEqual([stock, undefined])
    })

    test('is dropped from the session when it has expired and another one comes', async () => {
      const session = await sessions.start({}, browser)
      const fresh = await sessions.freshen(session, browser, stock)
      now += 600_000
      const { apiTokens } = await sessions.freshen(fresh, browser, reports)
      expect(Object.keys(apiTokens)).toEqual(['https://reports.example reports:read'])
    })

    test('that is rejected by its API is renewed, and no other one', async () => {
      const session = await sessions.freshen(await sessions.start({}, browser), browser, reports)
      const both = await sessions.freshen(session, browser, stock)
      const renewed = await sessions.renew(both, browser, reports)
      expect(accessTokenOf(renewed, reports)).not.toBe(accessTokenOf(both, reports))
      expect(accessTokenOf(renewed, stock)).toBe(accessTokenOf(both, stock))
    })

    test('comes for each API when all are asked for at once, on one replica and on several', async () => {
      const session = await sessions.start({}, browser)
      const replicas = [sessions, replica(), replica()]
      const targets = [reports, stock, undefined, { resource: 'urn:third' }]
      const asked = replicas.flatMap((each) => targets.map((target) => each.renew(session, browser, target)))
      const renewed = await Promise.all(asked)
      for (const [at, each] of renewed.entries()) expect(accessTokenOf(each, targets[at % 4])).toBeTruthy()
      const stored = await sessions.find(session.id)
      for (const target of targets) expect(stored && accessTokenOf(stored, target)).toBeTruthy()
      expect(stored?.accessToken).not.toBe(session.accessToken)
      expect(issuer.refreshes).toBe(4)
      expect(stored?.refreshToken).toBe('r4')
    })

    test('that is refused leaves the session as it was', async () => {
      const session = await sessions.start({}, browser)
      issuer.refusal = new AccessDeniedError()
      await expect(sessions.freshen(session, browser, reports)).rejects.toThrow(AccessDeniedError)
      expect(await sessions.find(session.id)).toEqual(session)
      issuer.refusal = undefined
      expect((await replica().freshen(session, browser, reports)).version).toBe(1)
    })
  })

  describe('a store that refuses writes', () => {
    const refuse = () => Promise.reject(new TemporarilyUnavailableError())

    test('before the refresh: the issuer rotates nothing', async () => {
      const session = await sessions.start({}, browser)
      const working = store
      store = { ...working, claim: refuse, replace: refuse }
      await expect(replica().renew(session, browser)).rejects.toThrow(TemporarilyUnavailableError)
      expect(issuer.refreshes).toBe(0)
      store = working
      expect(await replica().renew(session, browser)).toMatchObject({ version: 1 })
    })

    test('after the refresh: this replica serves the new version and keeps trying to store it, and no other one refreshes', async () => {
      const session = await sessions.start({}, browser)
      const working = { ...store }
      store.replace = refuse
      const renewed = await sessions.renew(session, browser)
      expect(renewed).toMatchObject({ version: 1, refreshToken: 'r1' })
      expect(await sessions.find(session.id)).toMatchObject({ version: 1, refreshToken: 'r1' })
      expect(await sessions.renew(session, browser)).toMatchObject({ version: 1 })
      await expect(sessions.renew(renewed, browser)).rejects.toThrow(TemporarilyUnavailableError)
      expect(issuer.refreshes).toBe(1)
      const other = createSessionService({ ...deps(), takeOverAfterMs: 5000 })
      const waiting = other.renew(session, browser)
      store.replace = working.replace
      expect(await waiting).toMatchObject({ version: 1, refreshToken: 'r1' })
      expect(issuer.refreshes).toBe(1)
      expect(await sessions.renew(renewed, browser)).toMatchObject({ version: 2, refreshToken: 'r2' })
    })

    test('after the refresh, until the process ends: the new version is stored with the last attempt', async () => {
      const session = await sessions.start({}, browser)
      const { replace } = store
      store.replace = refuse
      await sessions.renew(session, browser)
      store.replace = replace
      await sessions.settle()
      expect(await replica().find(session.id)).toMatchObject({ version: 1, refreshToken: 'r1' })
    })

    test('after the refresh, and the session is ended elsewhere: it stays ended', async () => {
      const session = await sessions.start({}, browser)
      store.replace = refuse
      await sessions.renew(session, browser)
      await replica().end(session, browser)
      expect(await sessions.find(session.id)).toBeUndefined()
    })
  })

  test('a renewal that another replica has begun and not finished is taken over after a while', async () => {
    const session = await sessions.start({}, browser)
    const key = storageKey(session.id)
    await store.claim(key, { version: 0, holder: 'a replica that has died', takesOver: false }, 60)
    expect(await sessions.renew(session, browser)).toMatchObject({ version: 1, refreshToken: 'r1' })
  })

  test('a session that is ended while its token is refreshed stays ended', async () => {
    const session = await sessions.start({}, browser)
    let open = () => {}
    issuer.gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const renewal = sessions.renew(session, browser)
    await sessions.end(session, browser)
    open()
    await expect(renewal).rejects.toThrow(NotSignedInError)
    expect(await sessions.find(session.id)).toBeUndefined()
  })

  test('a session that the issuer has ended is removed here, too', async () => {
    const session = await sessions.start({}, browser)
    issuer.refusal = new InvalidGrantError()
    await expect(sessions.renew(session, browser)).rejects.toThrow(NotSignedInError)
    expect(await sessions.find(session.id)).toBeUndefined()
  })

  test('while the issuer is unavailable a token is used until it expires', async () => {
    const session = await sessions.start({}, browser)
    issuer.refusal = new TemporarilyUnavailableError()
    now += 599_000
    expect(await sessions.freshen(session, browser)).toBe(session)
    now += 1000
    await expect(sessions.freshen(session, browser)).rejects.toThrow(TemporarilyUnavailableError)
    expect(await sessions.find(session.id)).toBeDefined()
  })

  describe('while the issuer hangs', () => {
    beforeEach(() => void vi.useFakeTimers())
    afterEach(() => void vi.useRealTimers())

    const isDone = async (waiting: Promise<unknown>, ms: number) => {
      let done = false
      const ended = () => {
        done = true
      }
      waiting.then(ended, ended)
      await vi.advanceTimersByTimeAsync(ms)
      return done
    }

    test('a request with a valid token proceeds with it after a second, and later ones after a tenth', async () => {
      const [one, other] = [await sessions.start({}, browser), await sessions.start({}, browser)]
      const respondAgain = hang()
      now += 580_000
      const first = sessions.freshen(one, browser)
      expect(await isDone(first, 999)).toBe(false)
      expect(await isDone(first, 1)).toBe(true)
      expect(await first).toBe(one)
      for (const session of [one, other, one, other]) {
        const next = sessions.freshen(session, browser)
        expect(await isDone(next, 100)).toBe(true)
        expect(await next).toBe(session)
      }
      respondAgain()
    })

    test('the refresh that nobody waits for any more is stored, and then requests wait for the issuer again', async () => {
      const session = await sessions.start({}, browser)
      const respondAgain = hang()
      now += 580_000
      const first = sessions.freshen(session, browser)
      await vi.advanceTimersByTimeAsync(1000)
      expect(await first).toBe(session)
      respondAgain()
      await sessions.settle()
      const renewed = await sessions.find(session.id)
      expect(renewed).toMatchObject({ version: 1, refreshToken: 'r1' })
      hang()
      now += 580_000
      expect(await isDone(sessions.freshen(renewed as PresentedSession, browser), 999)).toBe(false)
    })

    test('a refresh that fails when no request waits for it any more is harmless', async () => {
      const session = await sessions.start({}, browser)
      const respondAgain = hang()
      now += 580_000
      const first = sessions.freshen(session, browser)
      await vi.advanceTimersByTimeAsync(1000)
      await first
      issuer.refusal = new TemporarilyUnavailableError()
      respondAgain()
      await sessions.settle()
      expect(await sessions.find(session.id)).toMatchObject({ version: 0 })
    })

    test('a request whose token has expired gets 503 after ten seconds, and later ones after one', async () => {
      const session = await sessions.start({}, browser)
      hang()
      now += 600_000
      for (const ms of [10_000, 1000, 1000]) {
        const request = sessions.freshen(session, browser)
        expect(await isDone(request, ms - 1)).toBe(false)
        expect(await isDone(request, 1)).toBe(true)
        await expect(request).rejects.toThrow(TemporarilyUnavailableError)
      }
    })

    test('the last known user is returned after a second', async () => {
      const session = await sessions.start({}, browser)
      hang()
      for (const ms of [1000, 100]) {
        const response = sessions.confirm(session, browser)
        // The question is asked a few turns later.
        await vi.advanceTimersByTimeAsync(0)
        expect(await isDone(response, ms - 1)).toBe(false)
        expect(await isDone(response, 1)).toBe(true)
        expect(await response).toEqual({ session, isConfirmed: false })
      }
    })
  })

  describe('the question whether a session lives', () => {
    test('gets its response from the issuer, without a refresh', async () => {
      const session = await sessions.start({}, browser)
      expect(await sessions.confirm(session, browser)).toEqual({ session, isConfirmed: true })
      expect([issuer.questions, issuer.refreshes]).toEqual([1, 0])
    })

    test('gets its response from a refresh where the access token is refused: the session has ended', async () => {
      const session = await sessions.start({}, browser)
      issuer.takesTokens = false
      issuer.client.refresh = () => Promise.reject(new InvalidGrantError())
      await expect(sessions.confirm(session, browser)).rejects.toThrow(NotSignedInError)
      expect(await sessions.find(session.id)).toBeUndefined()
    })

    test('gets its response from a refresh where the access token is refused: its key alone was revoked', async () => {
      const session = await sessions.start({}, browser)
      issuer.takesTokens = false
      expect(await sessions.confirm(session, browser)).toMatchObject({ session: { version: 1, refreshToken: 'r1' } })
    })

    test('returns the last known response while the issuer is unavailable, until the access token expires', async () => {
      const session = await sessions.start({}, browser)
      issuer.refusal = new TemporarilyUnavailableError()
      now += 599_000
      expect(await sessions.confirm(session, browser)).toEqual({ session, isConfirmed: false })
      now += 1000
      await expect(sessions.confirm(session, browser)).rejects.toThrow(TemporarilyUnavailableError)
      expect(await sessions.find(session.id)).toBeDefined()
    })

    test('fails when the token is refused and a refresh is unavailable', async () => {
      const session = await sessions.start({}, browser)
      issuer.takesTokens = false
      issuer.client.refresh = () => Promise.reject(new TemporarilyUnavailableError())
      await expect(sessions.confirm(session, browser)).rejects.toThrow(TemporarilyUnavailableError)
      expect(await sessions.find(session.id)).toBeDefined()
    })
  })

  test('a sign-out reaches the issuer even if the store cannot remove the session', async () => {
    store = { ...store, remove: () => Promise.reject(new TemporarilyUnavailableError()) }
    sessions = replica()
    const session = await sessions.start({}, browser)
    await expect(sessions.end(session, browser)).rejects.toThrow(TemporarilyUnavailableError)
    expect(issuer.signedOut).toEqual(['r0'])
  })

  test('a sign-out while the issuer is unavailable is repeated later', async () => {
    const session = await sessions.start({}, browser)
    issuer.refusal = new TemporarilyUnavailableError()
    await sessions.end(session, browser)
    expect(await sessions.find(session.id)).toBeUndefined()
    issuer.refusal = undefined
    for (const { signOut } of pending) await signOut()
    expect(issuer.signedOut).toEqual(['r0'])
  })

  test('a sign-out succeeds even if the issuer refuses it', async () => {
    const session = await sessions.start({}, browser)
    issuer.refusal = new InvalidGrantError()
    await sessions.end(session, browser)
    expect(await sessions.find(session.id)).toBeUndefined()
    expect(pending).toMatchObject([{ failure: issuer.refusal }])
  })

  test('a sign-in that cannot be stored leaves no family behind', async () => {
    store = { ...store, create: () => Promise.reject(new TemporarilyUnavailableError()) }
    await expect(replica().start({}, browser)).rejects.toThrow(TemporarilyUnavailableError)
    expect(issuer.signedOut).toEqual(['r0'])
  })

  test('the absolute limit ends a session that is used all the time', async () => {
    const session = await sessions.start({}, browser)
    now += absoluteSeconds * 1000 - 1
    expect(await sessions.find(session.id)).toBeDefined()
    now += 1
    expect(await sessions.find(session.id)).toBeUndefined()
  })

  test('what another session has encrypted is not opened under this id', async () => {
    const [mine, theirs] = [await sessions.start({}, browser), await sessions.start({}, browser)]
    const stored = await store.use(storageKey(theirs.id), 60)
    await store.create(storageKey(mine.id), stored as NonNullable<typeof stored>, 60)
    expect(await sessions.find(mine.id)).toBeUndefined()
  })
})
