import { describe, expect, it } from 'vitest'
import { type AccessTokenRequest, headerValues, takeAccessToken } from '../../../src/http/presented-token.ts'

const code = (request: AccessTokenRequest): string => {
  try {
    return `took ${takeAccessToken(request).token}`
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('taking the access token out of a request (RFC 6750 §2)', () => {
  it('takes the token of the one Authorization header, whatever the case of the scheme', () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
      expect(code({ authorization: [`${scheme} abc.def`] })).toBe('took abc.def')
    }
    expect(code({ authorization: ['Bearer   abc'] })).toBe('took abc')
  })

  it('finds no token without credentials, or with credentials of another scheme', () => {
    expect(code({ authorization: [] })).toBe('ERR_TOKEN_MISSING')
    for (const header of ['', 'Basic dTpw', 'Bearertoken', 'DPoPtoken', ' ']) {
      expect(code({ authorization: [header] }), header).toBe('ERR_TOKEN_MISSING')
    }
  })

  it('refuses a Bearer header with no token, or with several', () => {
    for (const header of [
      'Bearer',
      'Bearer ',
      'Bearer a b',
      'Bearer a,b',
      'Bearer a, Bearer b',
      'Bearer\ta',
      'Bearer,a',
      'DPoP',
      'DPoP a b',
      'DPoP a, Bearer b',
      'Bearer a, DPoP b'
    ]) {
      expect(code({ authorization: [header] }), header).toBe('ERR_BEARER_REQUEST')
    }
  })

  it('takes a token under the scheme DPoP with the one proof beside it, whatever the case (RFC 9449 §7.1)', () => {
    for (const scheme of ['DPoP', 'dpop', 'DPOP']) {
      expect(takeAccessToken({ authorization: [`${scheme} abc`], dpop: ['a.b.c'] })).toEqual({
        scheme: 'DPoP',
        token: 'abc',
        proof: 'a.b.c'
      })
    }
    expect(takeAccessToken({ authorization: ['bearer abc'] })).toEqual({ scheme: 'Bearer', token: 'abc' })
  })

  it('refuses the scheme DPoP without a proof, or with several, even equal ones', () => {
    for (const dpop of [undefined, [], ['a.b.c', 'a.b.c'], ['a.b.c', '']]) {
      expect(code({ authorization: ['DPoP abc'], dpop })).toBe('ERR_DPOP_PROOF')
    }
  })

  it('takes no notice of proofs beside a bearer token', () => {
    const presented = takeAccessToken({ authorization: ['Bearer abc'], dpop: ['a.b.c', 'd.e.f'] })
    expect(presented).toEqual({ scheme: 'Bearer', token: 'abc' })
  })

  it('refuses several Authorization headers, even equal ones', () => {
    expect(code({ authorization: ['Bearer a', 'Bearer a'] })).toBe('ERR_BEARER_REQUEST')
    expect(code({ authorization: ['Bearer a', 'Basic b'] })).toBe('ERR_BEARER_REQUEST')
    expect(code({ authorization: ['DPoP a', 'Bearer a'], dpop: ['a.b.c'] })).toBe('ERR_BEARER_REQUEST')
  })

  it('refuses a token in the query or in a form, with or without one in the header', () => {
    for (const authorization of [[], ['Bearer a']]) {
      expect(code({ authorization, queryString: 'x=1&access_token=b' })).toBe('ERR_BEARER_REQUEST')
      expect(code({ authorization, queryString: 'access%5Ftoken=b' })).toBe('ERR_BEARER_REQUEST')
      expect(code({ authorization, form: { access_token: 'b' } })).toBe('ERR_BEARER_REQUEST')
    }
    expect(code({ authorization: ['Bearer a'], queryString: 'my_access_token=b', form: { x: 1 } })).toBe('took a')
  })

  it('sees every header that came, where Node keeps only one', () => {
    const rawHeaders = ['Host', 'x', 'Authorization', 'Bearer a', 'AUTHORIZATION', 'Bearer b']
    expect(headerValues({ rawHeaders, headers: { authorization: 'Bearer a' } }, 'authorization')).toEqual([
      'Bearer a',
      'Bearer b'
    ])
  })

  it('goes by the parsed headers where there are no raw ones', () => {
    const headers = { authorization: 'Bearer a', dpop: ['x', 'y'] }
    for (const rawHeaders of [[], undefined]) {
      expect(headerValues({ rawHeaders, headers }, 'authorization')).toEqual(['Bearer a'])
      expect(headerValues({ rawHeaders, headers }, 'dpop')).toEqual(['x', 'y'])
      expect(headerValues({ rawHeaders, headers: {} }, 'dpop')).toEqual([])
    }
  })

  it('finds parsed headers in names of any case, and in Headers of the Fetch standard', () => {
    expect(headerValues({ headers: { Authorization: 'Bearer a' } }, 'authorization')).toEqual(['Bearer a'])
    expect(
      headerValues({ headers: { Authorization: 'Bearer a', authorization: 'Bearer b' } }, 'authorization')
    ).toEqual(['Bearer a', 'Bearer b'])
    const headers = new Headers([
      ['Authorization', 'Bearer a'],
      ['Authorization', 'Bearer b']
    ])
    const authorization = headerValues({ headers: headers as never }, 'authorization')
    expect(authorization).toEqual(['Bearer a, Bearer b'])
    expect(code({ authorization })).toBe('ERR_BEARER_REQUEST')
    expect(headerValues({ headers: { authorization: 5 } as never }, 'authorization')).toEqual([])
  })

  it('throws a TypeError for a request of which no header can be read, not "no token"', () => {
    for (const request of [{}, { rawHeaders: [] }, { headers: 'authorization' as never }, { headers: null as never }]) {
      expect(() => headerValues(request, 'authorization')).toThrow(/neither rawHeaders nor headers/)
    }
  })
})
