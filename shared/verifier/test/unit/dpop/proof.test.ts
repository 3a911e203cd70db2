import { constants, createHash, generateKeyPairSync, sign } from 'node:crypto'
import { createTestClock } from '@countersign/verifier/testing'
import fc from 'fast-check'
import { calculateJwkThumbprint, exportJWK } from 'jose'
import * as oauth4webapi from 'oauth4webapi'
import { beforeAll, describe, expect, it } from 'vitest'
import { dpopAlgorithms } from '../../../src/dpop/key.ts'
import { type DpopExpectations, verifyDpopProof } from '../../../src/dpop/proof.ts'
import { VerifierError } from '../../../src/errors.ts'
import { createProofKey, type ProofChanges, type ProofKey, signPayload, signProof } from '../fixtures/dpop-proofs.ts'

const clock = createTestClock()
const now = clock.now() / 1000
const request = { method: 'POST', url: 'https://api.example.com/orders', accessToken: 'the.access.token' }
const expected: DpopExpectations = { ...request, clock }
const base64url = (text: string | Uint8Array) => Buffer.from(text).toString('base64url')
const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')

let key: ProofKey
let other: ProofKey
beforeAll(async () => {
  key = await createProofKey()
  other = await createProofKey()
})

const proofOf = (changes?: ProofChanges, signer = key) => signProof(signer, { ...request, now: clock.now() }, changes)
/** `good`, or the detail of the refusal. */
const fate = (proof: string, changes: Partial<DpopExpectations> = {}) =>
  verifyDpopProof(proof, { ...expected, ...changes }).then(
    () => 'good',
    (error: VerifierError) => {
      expect(error).toBeInstanceOf(VerifierError)
      return error.code === 'ERR_DPOP_PROOF' ? error.detail : error.code
    }
  )
const fateOf = async (changes: ProofChanges) => fate(await proofOf(changes))

describe('a DPoP proof (RFC 9449 §4.3)', () => {
  it('is accepted when all is right, and identified by key, jti and time', async () => {
    const proof = await verifyDpopProof(await proofOf({ claims: { jti: 'one', nonce: 'n' } }), expected)
    const jkt = await calculateJwkThumbprint(key.jwk)
    expect(proof).toEqual({
      jkt,
      jti: 'one',
      iat: now,
      nonce: 'n',
      replayKey: sha256(`${jkt}.one`),
      expiresAt: now + 65
    })
    expect(Object.isFrozen(proof)).toBe(true)
  })

  it.each(dpopAlgorithms)('is taken when %s has signed it', async (alg) => {
    const signer = await createProofKey(alg)
    expect(await fate(await proofOf({}, signer))).toBe('good')
    expect(await fate(await proofOf({ header: { jwk: { ...signer.jwk, kid: 'k', use: 'sig', alg } } }, signer))).toBe(
      'good'
    )
  })

  it('needs no access token, and no ath, where none is expected', async () => {
    const proof = await proofOf({ claims: { ath: undefined } })
    expect(await fate(proof, { accessToken: undefined })).toBe('good')
    expect(await fate(await proofOf(), { accessToken: undefined })).toBe('good')
  })

  it('is refused when it is not compact JWS in strict base64url, or has 8 KiB', async () => {
    const proof = await proofOf()
    const [header, payload, signature] = proof.split('.')
    for (const text of [
      '',
      'a.b',
      `${proof}.`,
      `${header}..${signature}`,
      `${proof}, ${proof}`,
      `.${payload}.${signature}`
    ]) {
      expect(await fate(text), text).toBe('not three parts')
    }
    for (const text of [`${proof}=`, ` ${proof}`, `${proof}\n`, `${header}.${payload}=.${signature}`]) {
      expect(await fate(text), JSON.stringify(text)).toBe('not strict base64url')
    }
    expect(await fate(await proofOf({ claims: { more: 'x'.repeat(8192) } }))).toBe('too long')
  })

  it('is refused when header or payload are not JSON objects with unique names', async () => {
    const payload = (await proofOf()).split('.')[1]
    const twice = `{"typ":"dpop+jwt","typ":"dpop+jwt","alg":"ES256","jwk":${JSON.stringify(key.jwk)}}`
    for (const header of ['[]', 'null', '{', twice]) {
      expect(await fate(`${base64url(header)}.${payload}.AA`)).toMatch(/^the header is not a JSON object/)
    }
    const claims = `"jti":"a","htm":"POST","htu":"${request.url}","iat":${now},"ath":"${sha256(request.accessToken)}"`
    expect(await fate(await signPayload(key, `{${claims}}`))).toBe('good')
    for (const text of ['[]', 'null', '{', 'x', `{"jti":"b",${claims}}`, `{"htm":"GET",${claims}}`]) {
      expect(await fate(await signPayload(key, text)), text).toMatch(/^the payload is not a JSON object/)
    }
  })

  it('is refused with another typ, or none', async () => {
    for (const typ of ['JWT', 'at+jwt', 'dpop', 'DPOP+JWT', '', null, ['dpop+jwt'], undefined]) {
      expect(await fateOf({ header: { typ } }), String(typ)).toBe('typ is not dpop+jwt')
    }
  })

  it('is refused with an algorithm that is not on the list, be it symmetric or none', async () => {
    const [, payload] = (await proofOf()).split('.')
    for (const alg of [
      'none',
      'HS256',
      'RS384',
      'RS512',
      'PS512',
      'ES512',
      'ES256K',
      'es256',
      '',
      null,
      1,
      undefined
    ]) {
      const header = base64url(JSON.stringify({ typ: 'dpop+jwt', alg, jwk: key.jwk }))
      expect(await fate(`${header}.${payload}.AA`), String(alg)).toBe('alg is not one that is taken for proofs')
    }
  })

  it('is refused with crit or b64', async () => {
    const [, payload] = (await proofOf()).split('.')
    for (const extension of ['crit', 'b64']) {
      for (const value of [['exp'], [], null, true, false]) {
        const header = base64url(JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk: key.jwk, [extension]: value }))
        expect(await fate(`${header}.${payload}.AA`)).toBe(extension)
      }
    }
  })

  it('is refused when jwk is missing or no object', async () => {
    for (const jwk of [undefined, null, 'x', [], 1]) {
      expect(await fateOf({ header: { jwk } })).toBe('jwk is not an object')
    }
    expect(await fateOf({ header: { jwk: {} } })).toBe('jwk is no key for ES256')
  })

  it('is refused when jwk shows a private or symmetric member, whatever it holds', async () => {
    const secret = await exportJWK(key.privateKey)
    expect(await fateOf({ header: { jwk: secret } })).toBe('jwk has a private member')
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']) {
      expect(await fateOf({ header: { jwk: { ...key.jwk, [member]: '' } } }), member).toBe('jwk has a private member')
    }
  })

  it('is refused when jwk is a key of another kind than alg, or for another purpose', async () => {
    const [rsa, p384, ed25519] = await Promise.all(['RS256', 'ES384', 'EdDSA'].map((alg) => createProofKey(alg)))
    for (const { jwk } of [rsa, p384, ed25519] as ProofKey[]) {
      expect(await fateOf({ header: { jwk } })).toBe('jwk is no key for ES256')
    }
    expect(await fateOf({ header: { jwk: { kty: 'oct', kid: 'x' } } })).toBe('jwk is no key for ES256')
    expect(await fateOf({ header: { jwk: { ...key.jwk, use: 'enc' } } })).toBe('the use of jwk is not sig')
    expect(await fateOf({ header: { jwk: { ...key.jwk, alg: 'ES384' } } })).toBe('the alg of jwk is not ES256')
  })

  it('is refused when jwk is not spelled in the one way that it can be', async () => {
    const bytes = Buffer.from(key.jwk.x as string, 'base64url')
    for (const x of [
      undefined,
      '',
      1,
      `${key.jwk.x}=`,
      base64url(bytes.subarray(1)),
      base64url(Buffer.concat([Buffer.from([0]), bytes]))
    ]) {
      expect(await fateOf({ header: { jwk: { ...key.jwk, x } } }), String(x)).toBe('x of jwk is malformed')
    }
    const rsa = await createProofKey('RS256')
    const n = base64url(Buffer.concat([Buffer.from([0]), Buffer.from(rsa.jwk.n as string, 'base64url')]))
    expect(await fate(await proofOf({ header: { jwk: { ...rsa.jwk, n } } }, rsa))).toBe('n of jwk is malformed')
  })

  it('is refused when jwk is no point of its curve', async () => {
    const y = base64url(Buffer.alloc(32, 1))
    expect(await fateOf({ header: { jwk: { ...key.jwk, y } } })).toBe('jwk cannot be imported')
  })

  it('is refused when an RSA key is weak, or so large that it burns time', async () => {
    const fateWith = async (modulusLength: number, publicExponent = 65537) => {
      const pair = generateKeyPairSync('rsa', { modulusLength, publicExponent })
      const header = { typ: 'dpop+jwt', alg: 'PS256', jwk: pair.publicKey.export({ format: 'jwk' }) }
      const [, payload] = (await proofOf()).split('.')
      const input = `${base64url(JSON.stringify(header))}.${payload}`
      const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
      const signature = sign('sha256', Buffer.from(input), { key: pair.privateKey, ...padding })
      return fate(`${input}.${base64url(signature)}`)
    }
    expect(await fateWith(2048)).toBe('good')
    expect(await fateWith(1024)).toBe('jwk has fewer than 2048 bits')
    expect(await fateWith(2047)).toBe('jwk has fewer than 2048 bits')
    expect(await fateWith(2048, 3)).toBe('the e of jwk is weak')
    const { jwk } = await createProofKey('RS256')
    const n = base64url(Buffer.concat([Buffer.from([1]), Buffer.alloc(512, 1)]))
    const huge = await proofOf({ header: { alg: 'RS256', jwk: { ...jwk, n } } }, await createProofKey('RS256'))
    expect(await fate(huge)).toBe('jwk has more than 4096 bits')
  })

  it('is refused when another key has signed it, or something in it was changed since', async () => {
    expect(await fateOf({ header: { jwk: other.jwk } })).toBe('ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
    const [header, payload, signature = ''] = (await proofOf()).split('.')
    const claims = JSON.parse(Buffer.from(payload as string, 'base64url').toString())
    const changed = base64url(JSON.stringify({ ...claims, htm: 'GET' }))
    expect(await fate(`${header}.${changed}.${signature}`, { method: 'GET' })).toMatch(/^ERR_JWS/)
    const bytes = Buffer.from(signature, 'base64url')
    bytes[5] = (bytes[5] ?? 0) ^ 1
    for (const wrong of [bytes, bytes.subarray(1), Buffer.alloc(64), Buffer.alloc(1)]) {
      expect(await fate(`${header}.${payload}.${base64url(wrong)}`)).toMatch(/^ERR_JWS/)
    }
  })

  it('is refused when jti is missing, empty, too long or no string', async () => {
    for (const jti of [undefined, null, '', 1, {}, 'x'.repeat(257)]) {
      expect(await fateOf({ claims: { jti } })).toBe('jti is not a string of 1 to 256 characters')
    }
    expect(await fateOf({ claims: { jti: 'x'.repeat(256) } })).toBe('good')
  })

  it('is refused when htm is not the method, to the case', async () => {
    for (const htm of ['GET', 'post', 'POST ', ''])
      expect(await fateOf({ claims: { htm } })).toBe('htm is another method')
    for (const htm of [undefined, null, 1, ['POST']])
      expect(await fateOf({ claims: { htm } })).toBe('htm is not a string')
  })

  it('is refused when htu is not the URL', async () => {
    for (const htu of [
      'https://api.example.com/order',
      'https://api.example.com/orders/',
      'https://api.example.com/Orders',
      'https://api.example.com/',
      'http://api.example.com/orders',
      'https://api.example.com:8443/orders',
      'https://example.com/orders',
      'https://api.example.com.evil.example/orders',
      'https://user@api.example.com/orders',
      'https://api.example.com@evil.example/orders',
      '/orders',
      'orders',
      'ftp://api.example.com/orders',
      ' https://api.example.com/orders',
      'https://api.example.com/or\tders',
      'https:\\\\api.example.com/orders',
      'https://api.example.com\\orders',
      'https:///api.example.com/orders',
      'https:api.example.com/orders',
      'https://api.example.com/orders%2F',
      ''
    ]) {
      expect(await fateOf({ claims: { htu } }), htu).toBe('htu is another URL')
    }
    for (const htu of [undefined, null, 1, {}]) expect(await fateOf({ claims: { htu } })).toBe('htu is not a string')
    // What a client has sent as `Host` may make no URL.
    expect(await fate(await proofOf(), { url: 'https://a b/orders' })).toBe('htu is another URL')
  })

  it('is taken when htu is the URL after normalisation, query and fragment apart', async () => {
    for (const htu of [
      'HTTPS://API.example.COM/orders',
      'https://api.example.com:443/orders',
      'https://api.example.com/a/../orders',
      'https://api.example.com/%6Frders',
      'https://api.example.com/orders?page=1',
      'https://api.example.com/orders#top'
    ]) {
      expect(await fateOf({ claims: { htu } }), htu).toBe('good')
    }
    const proof = await proofOf()
    expect(await fate(proof, { url: 'https://api.example.com:443/orders?x=/evil#y' })).toBe('good')
    const escaped = await proofOf({ claims: { htu: 'https://api.example.com/a%2fb%7e' } })
    expect(await fate(escaped, { url: 'https://api.example.com/a%2Fb~' })).toBe('good')
    expect(await fate(escaped, { url: 'https://api.example.com/a/b~' })).toBe('htu is another URL')
    const root = await proofOf({ claims: { htu: 'https://api.example.com' } })
    expect(await fate(root, { url: 'https://api.example.com/' })).toBe('good')
  })

  it('is refused when iat is older than maxAgeSeconds, or more than 5 seconds ahead', async () => {
    const at = (seconds: number, maxAgeSeconds?: number) =>
      proofOf({ claims: { iat: now + seconds } }).then((proof) => fate(proof, { maxAgeSeconds }))
    expect(await at(-60)).toBe('good')
    expect(await at(-60.5)).toBe('iat is too long ago')
    expect(await at(-61, 61)).toBe('good')
    expect(await at(-11, 10)).toBe('iat is too long ago')
    expect(await at(5)).toBe('good')
    expect(await at(5.5)).toBe('iat is in the future')
    expect(await at(1e12)).toBe('iat is in the future')
    for (const iat of [undefined, null, String(now), {}, true]) {
      expect(await fateOf({ claims: { iat } })).toBe('iat is not a finite number')
    }
    const infinite = `{"jti":"a","htm":"POST","htu":"${request.url}","iat":1e999}`
    expect(await fate(await signPayload(key, infinite))).toBe('iat is not a finite number')
  })

  it('has to be kept for longer than any replica whose clock is 5 seconds behind accepts it', async () => {
    for (const age of [0, 30, 60]) {
      const { expiresAt } = await verifyDpopProof(await proofOf({ claims: { iat: now - age } }), expected)
      const acceptedUntil = now - age + 60 + 5
      expect(expiresAt).toBeGreaterThanOrEqual(acceptedUntil)
    }
    const { expiresAt } = await verifyDpopProof(await proofOf({ claims: { iat: now - 0.5 } }), expected)
    expect(expiresAt).toBe(now + 65)
  })

  it('is refused when ath is not the hash of the access token', async () => {
    for (const ath of [
      undefined,
      null,
      '',
      request.accessToken,
      sha256('another.token'),
      `${sha256(request.accessToken)}=`
    ]) {
      expect(await fateOf({ claims: { ath } })).toBe('ath is not the hash of the access token')
    }
  })

  it('is refused with a code of its own when its nonce is not accepted', async () => {
    const isAcceptedNonce = (nonce: string | undefined) => nonce === 'right'
    const of = async (nonce: unknown) => fate(await proofOf({ claims: { nonce } }), { isAcceptedNonce })
    expect(await of('right')).toBe('good')
    expect(await of('wrong')).toBe('ERR_DPOP_NONCE')
    expect(await of(undefined)).toBe('ERR_DPOP_NONCE')
    for (const nonce of [1, null, ['right']]) expect(await of(nonce)).toBe('nonce is not a string')
    expect(await fateOf({ claims: { nonce: 'any' } })).toBe('good')
  })

  it('tells of another URL before it asks for a nonce, and of the nonce before the time', async () => {
    const isAcceptedNonce = () => false
    const wrong = await proofOf({ claims: { htu: 'https://evil.example', iat: 1 } })
    expect(await fate(wrong, { isAcceptedNonce })).toBe('htu is another URL')
    expect(await fate(await proofOf({ claims: { iat: 1 } }), { isAcceptedNonce })).toBe('ERR_DPOP_NONCE')
  })

  it('has another replay key for each key and each jti, of one size', async () => {
    const replayKey = async (jti: string, signer: ProofKey) =>
      (await verifyDpopProof(await proofOf({ claims: { jti } }, signer), expected)).replayKey
    const keys = await Promise.all([
      replayKey('a', key),
      replayKey('b', key),
      replayKey('a', other),
      replayKey('b'.repeat(256), key)
    ])
    expect(new Set(keys).size).toBe(4)
    for (const one of keys) expect(one).toMatch(/^[\w-]{43}$/)
    expect(await replayKey('a', key)).toBe(keys[0])
  })

  it('takes a caller’s mistake as a TypeError', async () => {
    const proof = await proofOf()
    await expect(verifyDpopProof(undefined as never, expected)).rejects.toThrow(TypeError)
    await expect(verifyDpopProof(proof, { ...expected, method: undefined as never })).rejects.toThrow(TypeError)
    await expect(verifyDpopProof(proof, { ...expected, url: undefined as never })).rejects.toThrow(TypeError)
    for (const maxAgeSeconds of [0, 601, Number.NaN]) {
      await expect(verifyDpopProof(proof, { ...expected, maxAgeSeconds })).rejects.toThrow(/^maxAgeSeconds/)
    }
  })

  it('is taken as oauth4webapi makes it', async () => {
    for (const alg of ['ES256', 'RS256', 'PS256', 'Ed25519'] as const) {
      const handle = oauth4webapi.DPoP({}, await oauth4webapi.generateKeyPair(alg))
      let proof = ''
      await oauth4webapi.protectedResourceRequest(
        'the.access.token',
        'GET',
        new URL('https://api.example.com/orders?page=2'),
        undefined,
        undefined,
        {
          DPoP: handle,
          [oauth4webapi.customFetch]: async (_, { headers }) => {
            proof = new Headers(headers).get('dpop') ?? ''
            return new Response()
          }
        }
      )
      const used = { method: 'GET', url: 'https://api.example.com/orders?page=2', accessToken: 'the.access.token' }
      expect(await verifyDpopProof(proof, used)).toMatchObject({ jkt: await handle.calculateThumbprint() })
    }
  })

  it('never throws an untyped error, whatever the input', async () => {
    const jwk = fc.dictionary(
      fc.constantFrom('kty', 'crv', 'x', 'y', 'n', 'e', 'alg'),
      fc.oneof(
        fc.constantFrom('EC', 'RSA', 'OKP', 'P-256', 'P-384', 'Ed25519', 'AQAB', key.jwk.x, key.jwk.y),
        fc.uint8Array({ maxLength: 600 }).map(base64url),
        fc.jsonValue()
      )
    )
    const header = fc.record({
      typ: fc.constant('dpop+jwt'),
      alg: fc.oneof(fc.constantFrom(...dpopAlgorithms), fc.jsonValue()),
      jwk: fc.oneof(fc.constant(key.jwk), jwk, fc.jsonValue())
    })
    const segment = fc.oneof(
      header.map((value) => base64url(JSON.stringify(value))),
      fc.json().map(base64url),
      fc.uint8Array().map(base64url),
      fc.string({ unit: 'binary' })
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 10_000 }),
      fc.array(segment, { maxLength: 5 }).map((parts) => parts.join('.'))
    )
    await fc.assert(
      fc.asyncProperty(text, async (proof) => {
        expect(await fate(proof)).not.toBe('good')
      }),
      { numRuns: 2000 }
    )
    const names = ['jti', 'htm', 'htu', 'iat', 'ath', 'nonce', '__proto__']
    const claims = fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.webUrl(), fc.jsonValue()))
    await fc.assert(
      fc.asyncProperty(fc.oneof(claims, fc.jsonValue()), async (payload) => {
        expect(await fate(await signPayload(key, JSON.stringify(payload)))).not.toBe('good')
      }),
      { numRuns: 500 }
    )
  })
})
