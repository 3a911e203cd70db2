import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VerifierError } from '../../../src/errors.ts'
import { createTokenParser } from '../../../src/token/parser.ts'

const base64url = (text: string | Uint8Array) => Buffer.from(text).toString('base64url')
const goodHeader = { alg: 'RS256', typ: 'at+jwt', kid: 'k1' }
const tokenOf = (header: unknown, payload = '{}', signature = 'sig!') =>
  `${base64url(typeof header === 'string' ? header : JSON.stringify(header))}.${base64url(payload)}.${base64url(signature)}`

const parseToken = createTokenParser()
const code = (token: string): string => {
  try {
    return `kid ${parseToken(token).unverifiedKid}`
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('parsing compact JWS (RFC 7515 §7.1)', () => {
  it('takes three parts of strict base64url with the header of an access token', () => {
    expect(code(tokenOf(goodHeader))).toBe('kid k1')
  })

  it('reads each header that is not the one before it', () => {
    const [first, second] = [tokenOf(goodHeader), tokenOf({ ...goodHeader, kid: 'k2' })]
    for (const [token, expected] of [
      [first, 'kid k1'],
      [tokenOf({ ...goodHeader, alg: 'none' }), 'ERR_TOKEN_HEADER'],
      [tokenOf({ ...goodHeader, alg: 'none' }), 'ERR_TOKEN_HEADER'],
      [first, 'kid k1'],
      [second, 'kid k2'],
      [`${second.split('.')[0]}=.e30.AA`, 'ERR_TOKEN_MALFORMED'],
      [second, 'kid k2'],
      [first, 'kid k1']
    ] as const) {
      expect(code(token), token).toBe(expected)
    }
  })

  it('takes the media type in any case, with and without "application/" (RFC 9068 §4)', () => {
    for (const typ of ['AT+JWT', 'application/at+jwt', 'Application/At+Jwt']) {
      expect(code(tokenOf({ ...goodHeader, typ })), typ).toBe('kid k1')
    }
  })

  it('refuses what is not three non-empty parts', () => {
    const [header, payload, signature] = tokenOf(goodHeader).split('.')
    for (const token of [
      '',
      '.',
      '..',
      'a',
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${header}..${signature}`,
      `.${payload}.${signature}`,
      `${header}.${payload}.${signature}.`,
      `${header}.${payload}.${signature}.x`,
      `${header}.a.b.c.d`
    ]) {
      expect(code(token), token).toBe('ERR_TOKEN_MALFORMED')
    }
  })

  it('refuses padding, white space, the other alphabet and unused last bits that are not zero', () => {
    const [header, payload] = tokenOf(goodHeader).split('.')
    for (const signature of ['AA==', 'AA=', 'AA ', ' AA', 'A\nA', 'A+', 'A/', 'AB', 'A', 'AAAAA', 'ÄA', 'AA\0']) {
      expect(code(`${header}.${payload}.${signature}`), JSON.stringify(signature)).toBe('ERR_TOKEN_MALFORMED')
    }
    expect(code(`${header}.${payload}.AA`)).toBe('kid k1')
    expect(code(`${header}.e31.AA`)).toBe('ERR_TOKEN_MALFORMED')
    expect(code(`${header}=.${payload}.AA`)).toBe('ERR_TOKEN_MALFORMED')
  })

  it('refuses a token of 8 KiB and takes one that is a character shorter', () => {
    const tokenOfLength = (length: number) => {
      for (const kid of ['a', 'aa', 'aaa', 'aaaa', 'aaaaa']) {
        const [header, , signature] = tokenOf({ ...goodHeader, kid }).split('.')
        const payload = 'A'.repeat(length - `${header}..${signature}`.length)
        if (payload.length % 4 === 0) return `${header}.${payload}.${signature}`
      }
      throw new Error('no kid fits')
    }
    expect(code(tokenOfLength(8191))).toMatch(/^kid a/)
    expect(code(tokenOfLength(8192))).toBe('ERR_TOKEN_MALFORMED')
  })

  it('refuses a header that is not a JSON object in UTF-8', () => {
    for (const header of ['null', '[]', '"x"', '1', '{', '{}x', '\ufeff{}', '']) {
      expect(code(`${base64url(header) || 'AA'}.e30.AA`), header).toBe('ERR_TOKEN_MALFORMED')
    }
    const latin1 = Buffer.from('{"alg":"RS256","typ":"at+jwt","kid":"\xe4"}', 'latin1')
    expect(code(`${base64url(latin1)}.e30.AA`)).toBe('ERR_TOKEN_MALFORMED')
  })

  it('refuses a header that names a member twice, also when the name is escaped (RFC 7515 §4)', () => {
    for (const twice of [
      '{"alg":"RS256","typ":"at+jwt","kid":"a","kid":"b"}',
      '{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"a"}',
      '{"alg":"RS256","typ":"at+jwt","kid":"a","k\\u0069d":"b"}',
      '{"x":{"y":[1,{"z":2}]},"alg":"RS256","typ":"at+jwt","kid":"a","x":1}'
    ]) {
      expect(code(tokenOf(twice)), twice).toBe('ERR_TOKEN_MALFORMED')
    }
    expect(code(tokenOf('{"x":{"kid":"\\"}{,"},"y":["kid",{"kid":1}],"alg":"RS256","typ":"at+jwt","kid":"a"}'))).toBe(
      'kid a'
    )
  })

  it('refuses every other alg, and none', () => {
    for (const alg of [
      'none',
      'None',
      'HS256',
      'RS384',
      'RS512',
      'PS256',
      'ES256',
      'EdDSA',
      'rs256',
      '',
      null,
      1,
      ['RS256'],
      undefined
    ]) {
      expect(code(tokenOf({ ...goodHeader, alg })), String(alg)).toBe('ERR_TOKEN_HEADER')
    }
  })

  it('refuses every other typ, and none', () => {
    for (const typ of ['JWT', 'jwt', 'at+jwt ', 'id+jwt', 'text/at+jwt', '', null, 1, undefined]) {
      expect(code(tokenOf({ ...goodHeader, typ })), String(typ)).toBe('ERR_TOKEN_HEADER')
    }
  })

  it('refuses a kid that is missing, empty, too long or no string', () => {
    for (const kid of [undefined, '', null, 1, {}, ['k1'], 'k'.repeat(257)]) {
      expect(code(tokenOf({ ...goodHeader, kid }))).toBe('ERR_TOKEN_HEADER')
    }
    expect(code(tokenOf({ ...goodHeader, kid: 'k'.repeat(256) }))).toMatch(/^kid k/)
  })

  it('refuses crit and b64 whatever their value (RFC 7515 §4.1.11, RFC 7797)', () => {
    for (const extra of [{ crit: ['exp'] }, { crit: [] }, { crit: null }, { b64: true }, { b64: false }]) {
      expect(code(tokenOf({ ...goodHeader, ...extra }))).toBe('ERR_TOKEN_HEADER')
    }
  })

  it('ignores members that point to a key', () => {
    const pointers = {
      jwk: { kty: 'oct', k: 'AA' },
      jku: 'https://evil.example',
      x5u: 'https://evil.example',
      x5c: ['AA']
    }
    expect(code(tokenOf({ ...goodHeader, ...pointers }))).toBe('kid k1')
  })

  it('never throws anything untyped, whatever the text', () => {
    const segment = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map(base64url),
      fc.uint8Array().map(base64url),
      fc.json().map(base64url),
      fc
        .dictionary(fc.constantFrom('alg', 'typ', 'kid', 'crit', '__proto__', 'constructor'), fc.jsonValue())
        .map((header) => base64url(JSON.stringify(header)))
    )
    const token = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 10_000 }),
      fc.array(segment, { maxLength: 5 }).map((parts) => parts.join('.'))
    )
    fc.assert(
      fc.property(token, (text) => {
        try {
          parseToken(text)
        } catch (error) {
          expect(error).toBeInstanceOf(VerifierError)
        }
      }),
      { numRuns: 3000 }
    )
  })

  it('survives a header that nests deeply', () => {
    const deep = (open: string, close: string) => `{"x":${open.repeat(1400)}1${close.repeat(1400)}}`
    for (const header of [deep('[', ']'), deep('{"a":', '}')]) expect(code(tokenOf(header))).toMatch(/^ERR_TOKEN_/)
  })
})
