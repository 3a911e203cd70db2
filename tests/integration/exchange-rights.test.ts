import {
  accessTokenUrn,
  basic,
  type ClientKey,
  dpopProof,
  get,
  makeClientKey,
  postForm,
  query,
  register,
  send,
  signIn,
  tokenExchange,
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fixture, signInWithProof, startFixture } from '../interop/fixture.ts'

describe('what a service may do with the tokens of users', () => {
  let fixture: Fixture
  let userKey: ClientKey
  let serviceKey: ClientKey

  beforeAll(async () => {
    fixture = await startFixture()
    userKey = await makeClientKey()
    serviceKey = await makeClientKey()
  })
  afterAll(() => fixture?.stop())

  type Actor = Awaited<ReturnType<typeof newActor>>
  const newActor = (client: Record<string, unknown> = {}) =>
    fixture.newClient({
      grant_types: [tokenExchange],
      scopes: ['account'],
      audiences: [fixture.audience],
      resources: [fixture.audience],
      may_act_for: ['countersign'],
      ...client
    })
  const exchange = async (actor: Actor, subjectToken: string, dpopKey?: ClientKey) => {
    const url = `${fixture.issuer}/oauth/token`
    const form = { grant_type: tokenExchange, subject_token: subjectToken, subject_token_type: accessTokenUrn }
    const proof = dpopKey && { DPoP: await dpopProof(dpopKey, { url }) }
    return postForm<{ access_token: string; token_type: string; error_description?: string }>(url, form, {
      ...basic(actor.client_id, actor.client_secret),
      ...proof
    })
  }
  const change = async (actor: Actor, body: object) =>
    send(`${fixture.issuer}/admin/clients/${actor.client_id}`, {
      method: 'PATCH',
      headers: { Authorization: `Bearer ${await fixture.signInAdmin()}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body)
    })
  const dashboard = async (token: string) => (await get(`${fixture.audience}/admin/dashboard`, token)).status

  describe('roles', () => {
    test('are not carried along: a service that acts for an admin passes no requireRole', async () => {
      const actor = await newActor()
      const admin = await fixture.signInAdmin()
      expect(await dashboard(admin)).not.toBe(403)
      const { body } = await exchange(actor, admin)
      expect(unverifiedClaims(body.access_token)).not.toHaveProperty('roles')
      expect(unverifiedClaims(body.access_token)).toMatchObject({ act: { sub: actor.client_id } })
      expect(await dashboard(body.access_token)).toBe(403)
      expect((await get(`${fixture.audience}/me`, body.access_token)).status).toBe(200)
    })

    test('are in the tokens of a client whose registration says so, and its tokens end when the registration no longer does', async () => {
      const actor = await newActor({ may_carry_roles: true })
      const { body } = await exchange(actor, await fixture.signInAdmin())
      expect(unverifiedClaims(body.access_token)).toMatchObject({ roles: ['admin'] })
      expect(await dashboard(body.access_token)).not.toBe(403)
      expect(await change(actor, { may_carry_roles: false })).toMatchObject({ body: { may_carry_roles: false } })
      await expect.poll(() => dashboard(body.access_token)).toBe(401)
    })

    test('do not reappear when a second service exchanges the token of the first', async () => {
      const first = await newActor()
      const second = await newActor({ may_carry_roles: true, may_act_for: [first.client_id] })
      const { body } = await exchange(first, await fixture.signInAdmin())
      const acting = (await exchange(second, body.access_token)).body.access_token
      expect(unverifiedClaims(acting)).not.toHaveProperty('roles')
      expect(unverifiedClaims(acting)).toMatchObject({ act: { sub: second.client_id, act: { sub: first.client_id } } })
    })

    test('both rights are off for clients that an older version has registered', async () => {
      const { client_id: id } = await newActor({ may_carry_roles: true, may_unbind_tokens: true })
      await query(
        fixture.database.url,
        `INSERT INTO clients (id, name, auth_method, grant_types, scopes, audiences, resources, may_act_for, epoch)
         SELECT $2, name, auth_method, grant_types, scopes, audiences, resources, may_act_for, gen_random_uuid()
         FROM clients WHERE id = $1`,
        [id, `${id}-older`]
      )
      const { body } = await get(`${fixture.issuer}/admin/clients/${id}-older`, await fixture.signInAdmin())
      expect(body).toMatchObject({ may_carry_roles: false, may_unbind_tokens: false })
    })
  })

  describe('a subject token that is bound to a key', () => {
    const boundToken = async () =>
      (await signInWithProof(fixture, await register(fixture.issuer), userKey)).access_token
    const bindingOf = (token: string) => unverifiedClaims(token).cnf

    test.each([
      ['without a proof', () => undefined],
      ['with a proof of another key', () => serviceKey]
    ])('is not exchanged %s', async (_, dpopKey) => {
      const response = await exchange(await newActor(), await boundToken(), dpopKey())
      expect(response).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
      expect(response.body.error_description).toMatch(/bound to a key/)
      expect(response.body).not.toHaveProperty('access_token')
    })

    test('is exchanged with a proof of its key, and the new token is bound to it too', async () => {
      const response = await exchange(await newActor(), await boundToken(), userKey)
      expect(response).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
      expect(bindingOf(response.body.access_token)).toEqual({ jkt: userKey.publicJwk.kid })
    })

    test('becomes a bearer token, or one of the service’s own key, if the registration says so', async () => {
      const actor = await newActor({ may_unbind_tokens: true })
      const bearer = await exchange(actor, await boundToken())
      expect(bearer).toMatchObject({ status: 200, body: { token_type: 'Bearer' } })
      expect(bindingOf(bearer.body.access_token)).toBeUndefined()
      const bound = await exchange(actor, await boundToken(), serviceKey)
      expect(bound).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
      expect(bindingOf(bound.body.access_token)).toEqual({ jkt: serviceKey.publicJwk.kid })

      expect((await change(actor, { may_unbind_tokens: false })).status).toBe(200)
      await expect.poll(async () => (await get(`${fixture.audience}/me`, bearer.body.access_token)).status).toBe(401)
      expect((await exchange(actor, await boundToken())).status).toBe(400)
    })

    test('a bearer token may still be bound by the exchange', async () => {
      const { access_token: bearer } = await signIn(fixture.issuer, await register(fixture.issuer))
      const { body } = await exchange(await newActor(), bearer, serviceKey)
      expect(bindingOf(body.access_token)).toEqual({ jkt: serviceKey.publicJwk.kid })
    })
  })
})
