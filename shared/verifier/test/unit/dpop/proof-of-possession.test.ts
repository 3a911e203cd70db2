import { createTestClock, createTestIssuer, type TestIssuer } from '@countersign/verifier/testing'
import { calculateJwkThumbprint } from 'jose'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { DpopOptions } from '../../../src/dpop/proof-of-possession.ts'
import { createInProcessDpopReplays } from '../../../src/dpop/replays.ts'
import type { VerifierError } from '../../../src/errors.ts'
import { createInProcessRevocationLog, inProcessRevocations } from '../../../src/in-process/index.ts'
import { createAccessTokenVerifier, type VerifyOptions } from '../../../src/token/verifier.ts'
import { createProofKey, type ProofChanges, type ProofKey, signProof } from '../fixtures/dpop-proofs.ts'

const clock = createTestClock()
const request = { method: 'GET', url: 'https://api.example.com/me' }
let issuer: TestIssuer
let key: ProofKey
let thief: ProofKey
let jkt: string
beforeAll(async () => {
  issuer = await createTestIssuer({ clock })
  key = await createProofKey()
  thief = await createProofKey()
  jkt = await calculateJwkThumbprint(key.jwk)
})

const setUp = (dpop?: DpopOptions) => {
  const log = createInProcessRevocationLog({ clock })
  log.complete()
  const verifier = createAccessTokenVerifier({
    issuer: issuer.issuer,
    audience: issuer.audience,
    keys: issuer.keySource,
    revocations: inProcessRevocations(log),
    clock,
    dpop
  })
  const code = (token: string, options?: VerifyOptions) =>
    verifier.verify(token, options).then(
      () => 'good',
      (error: VerifierError) => error.code ?? String(error)
    )
  /** Presents a token under the scheme DPoP. */
  const present = async (token: string, changes?: ProofChanges, signer = key) =>
    code(token, { dpop: { ...request, proof: await proofFor(token, changes, signer) } })
  return { verifier, code, present, log }
}
const boundToken = () => issuer.mint({ cnf: { jkt } })
const proofFor = (accessToken: string, changes?: ProofChanges, signer = key) =>
  signProof(signer, { ...request, accessToken, now: clock.now() }, changes)

describe('a token that is bound to a key (RFC 9449 §6, §7)', () => {
  it('is valid with a proof of that key, again and again with a new one', async () => {
    const { present } = setUp()
    const token = boundToken()
    expect(await present(token)).toBe('good')
    expect(await present(token)).toBe('good')
  })

  it('is refused as a bearer token, also once it is cached', async () => {
    const { code, present } = setUp()
    const token = boundToken()
    expect(await code(token)).toBe('ERR_TOKEN_BINDING')
    await present(token)
    expect(await code(token)).toBe('ERR_TOKEN_BINDING')
    expect(await code(token, { whenStale: 'allow' })).toBe('ERR_TOKEN_BINDING')
  })

  it('is refused with a proof of another key, which is not used up by that', async () => {
    const markUsed = vi.fn(async () => true)
    const { present } = setUp({ replays: { markUsed } })
    expect(await present(boundToken(), {}, thief)).toBe('ERR_TOKEN_BINDING')
    expect(markUsed).not.toHaveBeenCalled()
  })

  it('is refused without a proof, and with one that is for another request, token or time', async () => {
    const { code, present } = setUp()
    const token = boundToken()
    const proof = await proofFor(token)
    expect(await code(token, { dpop: { ...request, proof: undefined } })).toBe('ERR_DPOP_PROOF')
    expect(await code(token, { dpop: { ...request, method: 'POST', proof } })).toBe('ERR_DPOP_PROOF')
    expect(await code(token, { dpop: { ...request, url: 'https://api.example.com/x', proof } })).toBe('ERR_DPOP_PROOF')
    expect(await code(boundToken(), { dpop: { ...request, proof } })).toBe('ERR_DPOP_PROOF')
    expect(await present(token, { claims: { iat: clock.now() / 1000 - 61 } })).toBe('ERR_DPOP_PROOF')
    expect(await present(token, { claims: { ath: undefined } })).toBe('ERR_DPOP_PROOF')
    expect(await code(token, { dpop: { ...request, proof } })).toBe('good')
  })

  it('is refused when the proof was used before, however parallel', async () => {
    const { code } = setUp()
    const token = boundToken()
    const dpop = { ...request, proof: await proofFor(token) }
    const codes = await Promise.all(Array.from({ length: 20 }, () => code(token, { dpop })))
    expect(codes.filter((one) => one === 'good')).toHaveLength(1)
    expect(new Set(codes)).toEqual(new Set(['good', 'ERR_DPOP_PROOF']))
    expect(await code(token, { dpop })).toBe('ERR_DPOP_PROOF')
  })

  it('is checked before its proof, and the proof before it is marked as used', async () => {
    const markUsed = vi.fn(async () => true)
    const { code, present, log } = setUp({ replays: { markUsed } })
    expect(await present(issuer.mint({ cnf: { jkt }, exp: 1 }))).toBe('ERR_TOKEN_EXPIRED')
    const token = boundToken()
    expect(await code(token, { dpop: { ...request, proof: 'garbage' } })).toBe('ERR_DPOP_PROOF')
    log.append([{ kind: 'sid', value: 'session-1', expiresAt: clock.now() / 1000 + 600 }])
    expect(await present(token)).toBe('ERR_TOKEN_REVOKED')
    expect(await code(token)).toBe('ERR_TOKEN_REVOKED')
    expect(markUsed).not.toHaveBeenCalled()
  })

  it('is read without a proof when the caller says that it is not presented', async () => {
    const { verifier, code } = setUp()
    expect(await verifier.verify(boundToken(), { dpop: null })).toMatchObject({ cnf: { jkt } })
    expect(await code(issuer.mint(), { dpop: null })).toBe('good')
    expect(await code(issuer.mint({ exp: 1 }), { dpop: null })).toBe('ERR_TOKEN_EXPIRED')
  })

  it('is refused when it asks for a confirmation that cannot be enforced', async () => {
    const { code, present } = setUp()
    for (const cnf of [{ 'x5t#S256': jkt }, { jkt, 'x5t#S256': jkt }]) {
      expect(await present(issuer.mint({ cnf }))).toBe('ERR_TOKEN_CLAIM')
      expect(await code(issuer.mint({ cnf }), { dpop: null })).toBe('ERR_TOKEN_CLAIM')
    }
  })
})

describe('a token that is bound to no key', () => {
  it('is refused under the scheme DPoP, and marks nothing as used', async () => {
    const markUsed = vi.fn(async () => true)
    const { code, present } = setUp({ replays: { markUsed } })
    const token = issuer.mint()
    expect(await present(token)).toBe('ERR_TOKEN_BINDING')
    expect(await code(token)).toBe('good')
    expect(markUsed).not.toHaveBeenCalled()
  })
})

describe('the replay cache of used proofs', () => {
  it('is asked for the replay key until the proof is dead', async () => {
    const markUsed = vi.fn(async () => true)
    const { present } = setUp({ replays: { markUsed }, maxAgeSeconds: 10 })
    expect(await present(boundToken(), { claims: { iat: clock.now() / 1000 } })).toBe('good')
    expect(markUsed).toHaveBeenCalledWith(expect.stringMatching(/^[\w-]{43}$/), clock.now() / 1000 + 15)
    expect(await present(boundToken(), { claims: { iat: clock.now() / 1000 - 11 } })).toBe('ERR_DPOP_PROOF')
  })

  it('that fails leads to 503, and one that does not return true to a rejection', async () => {
    const failing = setUp({ replays: { markUsed: async () => Promise.reject(new Error('unavailable')) } })
    expect(await failing.present(boundToken())).toBe('ERR_DPOP_REPLAYS_UNAVAILABLE')
    const throwing = setUp({
      replays: {
        markUsed: () => {
          throw new Error('unavailable')
        }
      }
    })
    expect(await throwing.present(boundToken())).toBe('ERR_DPOP_REPLAYS_UNAVAILABLE')
    const vague = setUp({ replays: { markUsed: async () => 'OK' as unknown as boolean } })
    expect(await vague.present(boundToken())).toBe('ERR_DPOP_PROOF')
  })

  it('that is full of proofs in this process fails closed, and recovers', async () => {
    const ownClock = clock
    const { present } = setUp({ replays: createInProcessDpopReplays({ clock: ownClock, maxEntries: 2 }) })
    expect(await present(boundToken())).toBe('good')
    expect(await present(boundToken())).toBe('good')
    expect(await present(boundToken())).toBe('ERR_DPOP_REPLAYS_UNAVAILABLE')
    ownClock.advance(67_000)
    expect(await present(boundToken())).toBe('good')
  })

  it('is closed with the verifier', async () => {
    const close = vi.fn(async () => {})
    const { verifier } = setUp({ replays: { markUsed: async () => true, close } })
    await verifier.close()
    expect(close).toHaveBeenCalledOnce()
    await setUp({ replays: { markUsed: async () => true } }).verifier.close()
  })

  it('rejects invalid options with a TypeError that names the option', () => {
    expect(() => setUp({ replays: {} as never })).toThrow(/^dpop\.replays/)
    for (const maxAgeSeconds of [0, 601, '60' as never]) {
      expect(() => setUp({ maxAgeSeconds })).toThrow(/^dpop\.maxAgeSeconds/)
    }
  })
})

describe('a token by which somebody acts for its subject (RFC 8693 §4.1)', () => {
  it('dies with the session of any actor in the chain', async () => {
    const { code, log } = setUp()
    const act = { sub: 'front', sid: 'epoch-1', act: { sub: 'back', act: { sub: 'deep', sid: 'epoch-3' } } }
    const token = issuer.mint({ act })
    expect(await code(token)).toBe('good')
    log.append([{ kind: 'sid', value: 'epoch-2', expiresAt: clock.now() / 1000 + 600 }])
    expect(await code(token)).toBe('good')
    log.append([{ kind: 'sid', value: 'epoch-3', expiresAt: clock.now() / 1000 + 600 }])
    expect(await code(token)).toBe('ERR_TOKEN_REVOKED')
    expect(await code(issuer.mint({ act: { sub: 'front', sid: 'epoch-1' } }))).toBe('good')
  })

  it('is looked up with its actors when the transport is asked directly', async () => {
    const checkDirectly = vi.fn(async () => false)
    const feed = { follow: () => {}, checkDirectly, close: async () => {} }
    const verifier = createAccessTokenVerifier({
      issuer: issuer.issuer,
      audience: issuer.audience,
      keys: issuer.keySource,
      revocations: { feed, whenStale: 'check' },
      clock
    })
    const { jti } = await verifier.verify(issuer.mint({ act: { sub: 'front', sid: 'epoch-1' } }))
    expect(checkDirectly).toHaveBeenCalledWith({ jti, sid: 'session-1', kid: issuer.kid, actors: ['epoch-1'] })
    await verifier.close()
  })
})
