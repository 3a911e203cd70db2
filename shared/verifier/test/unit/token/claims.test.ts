import { describe, expect, it } from 'vitest'
import type { TokenClaimError } from '../../../src/errors.ts'
import { actorSessions, checkTimes, parseClaims, type VerifiedAccessToken } from '../../../src/token/claims.ts'

const expected = {
  issuer: 'https://auth.example.com',
  audiences: ['https://api.example.com', 'https://other.example.com']
}
const goodClaims = {
  iss: 'https://auth.example.com',
  aud: ['https://api.example.com', 'https://auth.example.com'],
  sub: 'user-1',
  client_id: 'web',
  jti: 'token-1',
  sid: 'session-1',
  iat: 1000,
  exp: 1600
}
const parse = (overrides: Record<string, unknown> = {}) =>
  parseClaims(Buffer.from(JSON.stringify({ ...goodClaims, ...overrides })), expected)
const faultyClaim = (overrides: Record<string, unknown>): string => {
  try {
    parse(overrides)
    return 'none'
  } catch (error) {
    expect((error as TokenClaimError).code).toBe('ERR_TOKEN_CLAIM')
    return (error as TokenClaimError).claim
  }
}

describe('the claims of an access token (RFC 9068 §2.2)', () => {
  it('are taken with all that is optional left out', () => {
    const { sid: _, ...required } = goodClaims
    expect(parseClaims(Buffer.from(JSON.stringify(required)), expected)).toEqual(required)
  })

  it('must all be there that are required', () => {
    for (const claim of ['iss', 'aud', 'exp', 'iat', 'sub', 'jti', 'client_id']) {
      expect(faultyClaim({ [claim]: undefined })).toBe(claim)
      expect(faultyClaim({ [claim]: null })).toBe(claim)
    }
  })

  it('must be non-empty strings where they are strings', () => {
    for (const claim of ['iss', 'sub', 'jti', 'client_id', 'sid', 'scope', 'preferred_username', 'acr']) {
      for (const value of ['', 1, true, {}, ['x']]) expect(faultyClaim({ [claim]: value }), claim).toBe(claim)
    }
  })

  it('must be finite numbers where they are times', () => {
    for (const claim of ['exp', 'iat', 'nbf', 'auth_time']) {
      for (const value of ['1600', true, [], {}]) expect(faultyClaim({ [claim]: value }), claim).toBe(claim)
      const infinite = JSON.stringify({ ...goodClaims, [claim]: 0 }).replace(`"${claim}":0`, `"${claim}":1e999`)
      expect(() => parseClaims(Buffer.from(infinite), expected)).toThrow(expect.objectContaining({ claim }))
    }
  })

  it('have jti and sid short enough to be on the denylist', () => {
    for (const claim of ['jti', 'sid']) {
      expect(faultyClaim({ [claim]: 'x'.repeat(257) })).toBe(claim)
      expect(faultyClaim({ [claim]: 'x'.repeat(256) })).toBe('none')
    }
  })

  it('have an audience that is one string or several, one of them ours', () => {
    for (const aud of ['https://api.example.com', ['https://other.example.com'], ['x', 'https://api.example.com']]) {
      expect(faultyClaim({ aud })).toBe('none')
    }
    for (const aud of [
      'https://api.example.com/',
      'https://evil.example',
      [],
      [''],
      [1],
      ['https://api.example.com', 1],
      {}
    ]) {
      expect(faultyClaim({ aud }), JSON.stringify(aud)).toBe('aud')
    }
  })

  it('have exactly our issuer', () => {
    for (const iss of ['https://auth.example.com/', 'https://AUTH.example.com', 'https://auth.example.co']) {
      expect(faultyClaim({ iss })).toBe('iss')
    }
  })

  it('have roles and methods of authentication that are non-empty strings, or none', () => {
    for (const claim of ['roles', 'amr']) {
      expect(faultyClaim({ [claim]: [] })).toBe('none')
      expect(faultyClaim({ [claim]: ['one'] })).toBe('none')
      for (const value of ['one', [''], [1], {}, null]) expect(faultyClaim({ [claim]: value })).toBe(claim)
    }
  })

  const jkt = `${'x'.repeat(42)}Q`
  it('have a cnf that is the thumbprint of a key, and nothing that cannot be enforced (RFC 9449 §6.1)', () => {
    expect(faultyClaim({ cnf: { jkt } })).toBe('none')
    const others = [{ 'x5t#S256': jkt }, { jkt, 'x5t#S256': jkt }, { jkt, kid: 'x' }, { jwk: {} }]
    for (const cnf of [{}, [], null, jkt, 1, [jkt], ...others]) {
      expect(faultyClaim({ cnf }), JSON.stringify(cnf)).toBe('cnf')
    }
    for (const wrong of [
      '',
      'x',
      `${jkt}x`,
      jkt.slice(1),
      `${jkt}=`,
      `${jkt.slice(1)}+`,
      `${jkt.slice(0, -1)}R`,
      1,
      null
    ]) {
      expect(faultyClaim({ cnf: { jkt: wrong } }), String(wrong)).toBe('cnf')
    }
  })

  it('have an act that names the actors, at most four deep (RFC 8693 §4.1)', () => {
    const chain = (length: number): object => ({ sub: 'service', ...(length > 1 && { act: chain(length - 1) }) })
    for (const act of [{ sub: 'a' }, { sub: 'a', sid: 'epoch' }, { sub: 'a', client_id: 'b' }, chain(4)]) {
      expect(faultyClaim({ act }), JSON.stringify(act)).toBe('none')
    }
    const longSid = 'x'.repeat(257)
    for (const act of [
      {},
      [],
      null,
      'service',
      { sub: '' },
      { sub: 1 },
      { sub: 'a', sid: '' },
      { sub: 'a', sid: null },
      { sub: 'a', sid: longSid },
      { sub: 'a', act: null },
      { sub: 'a', act: {} },
      { sub: 'a', act: { sub: 'b', sid: 1 } },
      chain(5)
    ]) {
      expect(faultyClaim({ act }), JSON.stringify(act)).toBe('act')
    }
  })

  it('name the session of each actor in the chain, if it has one', () => {
    expect(actorSessions(parse())).toBeUndefined()
    expect(actorSessions(parse({ act: { sub: 'a' } }))).toBeUndefined()
    const act = { sub: 'a', sid: '1', act: { sub: 'b', act: { sub: 'c', sid: '3' } } }
    expect(actorSessions(parse({ act }))).toEqual(['1', '3'])
  })

  it('are refused when the payload is not a JSON object, or names a claim twice', () => {
    for (const payload of ['', '[]', 'null', '"x"', JSON.stringify(goodClaims).replace('{', '{"sub":"other",')]) {
      expect(() => parseClaims(Buffer.from(payload), expected)).toThrow(expect.objectContaining({ claim: '(payload)' }))
    }
  })

  it('are frozen through and through', () => {
    const claims = parse({ roles: ['user'], act: { sub: 'service' } })
    expect(() => (claims.roles as string[]).push('admin')).toThrow(TypeError)
    expect(() => Object.assign(claims, { sub: 'other' })).toThrow(TypeError)
    expect(() => Object.assign(claims.act as object, { sub: 'other' })).toThrow(TypeError)
  })
})

describe('the times of an access token', () => {
  const code = (now: number, claims: Partial<VerifiedAccessToken> = {}, tolerance = 5) => {
    try {
      checkTimes(parse(claims), now * 1000, tolerance)
      return 'good'
    } catch (error) {
      return (error as { claim?: string; code: string }).claim ?? (error as { code: string }).code
    }
  }

  it('end on exp and the tolerance, not after (RFC 7519 §4.1.4)', () => {
    expect(code(1604.999)).toBe('good')
    expect(code(1605)).toBe('ERR_TOKEN_EXPIRED')
    expect(code(1600, {}, 0)).toBe('ERR_TOKEN_EXPIRED')
    expect(code(1599.999, {}, 0)).toBe('good')
  })

  it('begin no earlier than iat and nbf, the tolerance apart', () => {
    expect(code(995)).toBe('good')
    expect(code(994.9)).toBe('iat')
    expect(code(1100, { nbf: 1105 })).toBe('good')
    expect(code(1100, { nbf: 1106 })).toBe('nbf')
  })
})
