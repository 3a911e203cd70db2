import { createPrivateKey } from 'node:crypto'
import { domainToASCII } from 'node:url'
import type { InvalidRequestError } from '@countersign/oauth'
import { invalidFields } from '@countersign/service-kit'
import { z } from 'zod'
import type { Identity } from '../providers/identities.ts'
import { type Provider, type ProviderSecret, presets, providerKinds } from '../providers/provider.ts'
import type { AdministeredProvider, NewProvider, ProviderChange } from '../providers/provider-administration.ts'
import { deviceToken, trustedDeviceToken } from './account.ts'
import { requestedResource, requestedScope } from './oauth.ts'
import { plainText } from './texts.ts'

/** Sign-in with others, on the wire. */

/** What an id of a provider is. */
export const providerId = z
  .string()
  .regex(/^[a-z\d](?:[a-z\d-]{0,30}[a-z\d])?$/, { error: 'must be up to 32 lower-case letters, digits and hyphens' })

const unknown = { error: 'There is no sign-in with this service here.' }

/** Of `/auth/providers/:id/…` and `/admin/providers/:id` */
export const providerParams = z.object({
  id: z.string().refine((id) => providerId.safeParse(id).success, unknown)
})

/** `GET /auth/providers` */
export const offeredProviders = z
  .object({
    providers: z.array(z.object({ id: z.string(), name: z.string(), kind: z.enum(providerKinds) }))
  })
  .meta({ id: 'OfferedProviders' })

/** `POST /auth/providers/:id/start` */
export const providerStartBody = z
  .strictObject({ resource: requestedResource, scope: requestedScope })
  .meta({ id: 'ProviderStart' })

export const providerStart = z
  .object({
    authorization_url: z.string().meta({ description: 'where the browser goes' }),
    transaction: z.string().meta({ description: 'a secret that only this browser may keep, for the next step' }),
    expires_in: z.int().meta({ description: 'seconds until the transaction is no longer valid' })
  })
  .meta({ id: 'StartedAtProvider' })

const returned = {
  transaction: z.string().regex(/^[\w-]{43}$/, { error: 'is not one of this service' }),
  parameters: z
    .record(z.string().max(64), z.string().max(8192))
    .refine((all) => Object.keys(all).length <= 32, { error: 'must be at most 32' })
    .meta({ description: 'what the provider has added to the redirect URI, or posted to it' })
}

/** `POST /auth/providers/:id/finish` */
export const providerFinishBody = z
  .strictObject({
    ...returned,
    device_token: deviceToken,
    trusted_device: trustedDeviceToken.optional()
  })
  .meta({ id: 'ProviderFinish' })

/** `POST /auth/step-up/providers/:id/finish` */
export const providerStepUpBody = z
  .strictObject({ ...returned, device_token: deviceToken })
  .meta({ id: 'ProviderStepUp' })

/** `POST /auth/me/identities/:id/finish` */
export const identityLinkBody = z.strictObject(returned).meta({ id: 'IdentityLink' })

/** Of `/auth/me/identities/:id` */
export const identityParams = z.object({
  id: z
    .string()
    .refine((id) => z.uuid().safeParse(id).success, { error: 'There is no identity with this id.' })
    .meta({ format: 'uuid' })
})

export const identity = z
  .object({
    id: z.uuid(),
    provider: z.object({ id: z.string(), name: z.string(), kind: z.enum(providerKinds) }),
    address: z.string().nullable().meta({ description: 'as the provider said it last' }),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().nullable()
  })
  .meta({ id: 'LinkedIdentity' })

export const identityList = z.object({ identities: z.array(identity) }).meta({ id: 'IdentityList' })

export function identityOnWire({ id, provider, address, createdAt, lastUsedAt }: Identity) {
  return {
    id,
    provider: { id: provider.id, name: provider.name, kind: provider.kind },
    address,
    created_at: createdAt.toISOString(),
    last_used_at: lastUsedAt?.toISOString() ?? null
  }
}

export function offeredOnWire({ id, name, kind }: Provider) {
  return { id, name, kind }
}

const issuerRule = {
  error: 'must be a URL with https, without a slash at its end, query and fragment; http only for loopback'
}
const issuer = z.string().max(512).refine(isIssuer, issuerRule)

function isIssuer(text: string): boolean {
  if (!URL.canParse(text) || text.endsWith('/')) return false
  const { protocol, search, hash, username, password } = new URL(text)
  return (
    [search, hash, username, password].every((part) => part === '') &&
    (protocol === 'https:' || (protocol === 'http:' && isOnLoopback(text)))
  )
}

function isOnLoopback(url: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname)
}

const scopes = z
  .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, { error: 'must be a scope (RFC 6749 §3.3)' }))
  .max(32)

const domain = z
  .string()
  .max(253)
  .transform((text) => domainToASCII(text).toLowerCase())
  .refine((text) => /^[a-z\d-]+(?:\.[a-z\d-]+)+$/.test(text), { error: 'must be a domain such as example.com' })

const settings = {
  name: plainText(64).meta({ description: 'as people know it' }),
  client_id: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[\x21-\x7e]+$/, { error: 'must be printable ASCII' }),
  client_secret: z.string().min(1).max(1024).meta({ description: 'sealed at rest, and never shown' }),
  apple_key: z
    .strictObject({
      team_id: z.string().regex(/^\w{10}$/, { error: 'must be the 10 characters of a team' }),
      key_id: z.string().regex(/^\w{10}$/, { error: 'must be the 10 characters of a key' }),
      private_key: z.string().max(4096).refine(isP256Key, { error: 'must be the private key of the .p8 file, in PEM' })
    })
    .meta({ description: 'in the place of a client secret at Apple; sealed at rest, and never shown' }),
  scopes: scopes.meta({ description: 'default: what its kind needs' }),
  authoritative_domains: z
    .array(domain)
    .max(100)
    .meta({ description: 'whether an address of these domains belongs to its user is for this provider to say' }),
  trusts_amr: z.boolean().meta({ description: 'what its ID tokens say of second factors counts here' })
}

function isP256Key(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1'
  } catch {
    return false
  }
}

/** `POST /admin/providers` */
export const providerBody = z
  .strictObject({
    id: providerId.meta({ description: 'in its redirect URI' }),
    kind: z.enum(providerKinds),
    issuer: issuer.optional().meta({ description: 'required for `oidc`; the others have one' }),
    ...settings,
    name: settings.name.optional().meta({ description: 'required for `oidc`; the others have one' }),
    client_secret: settings.client_secret.optional(),
    apple_key: settings.apple_key.optional(),
    scopes: settings.scopes.optional(),
    authoritative_domains: settings.authoritative_domains.default([]),
    trusts_amr: settings.trusts_amr.default(false)
  })
  .meta({ id: 'NewProvider' })
export type ProviderBody = z.infer<typeof providerBody>

/** `PATCH /admin/providers/:id`: a member that is absent stays as it is. */
export const providerChangeBody = z
  .strictObject({ ...z.object(settings).partial().shape, enabled: z.boolean().optional() })
  .refine((change) => Object.keys(change).length > 0, { error: 'must hold something to change' })
  .meta({ id: 'ProviderChange' })
export type ProviderChangeBody = z.infer<typeof providerChangeBody>

/** `DELETE /admin/providers/:id` */
export const providerDeletionQuery = z.strictObject({
  with_identities: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'delete it even if users sign in with it; those without another way are locked out' })
})

export const provider = z
  .object({
    id: z.string(),
    kind: z.enum(providerKinds),
    name: z.string(),
    issuer: z.string(),
    client_id: z.string(),
    has_secret: z.boolean(),
    scopes: z.array(z.string()),
    authoritative_domains: z.array(z.string()),
    trusts_amr: z.boolean(),
    enabled: z.boolean(),
    redirect_uri: z
      .string()
      .nullable()
      .meta({ description: 'to be registered there; null where PAGES_URL is not set' }),
    identities: z.int().meta({ description: 'how many of its users sign in here' }),
    created_at: z.iso.datetime()
  })
  .meta({ id: 'Provider' })

export const providerList = z.object({ providers: z.array(provider) }).meta({ id: 'ProviderList' })

export function providerOnWire(provider: AdministeredProvider, redirectUri: string | null) {
  return {
    id: provider.id,
    kind: provider.kind,
    name: provider.name,
    issuer: provider.issuer,
    client_id: provider.clientId,
    has_secret: provider.hasSecret,
    scopes: [...provider.scopes],
    authoritative_domains: [...provider.authoritativeDomains],
    trusts_amr: provider.trustsAmr,
    enabled: provider.isEnabled,
    redirect_uri: redirectUri,
    identities: provider.identities,
    created_at: provider.createdAt.toISOString()
  }
}

/** The provider that a body registers. @throws {InvalidRequestError} when its kind needs more */
export function newProviderOf(body: ProviderBody): NewProvider {
  const preset = presets[body.kind]
  const name = body.name ?? preset.name
  const issuer = body.issuer ?? preset.issuer
  if (name === undefined) throw missing('name')
  if (issuer === undefined) throw missing('issuer')
  if (preset.hasFixedIssuer && issuer !== preset.issuer && !isOnLoopback(issuer))
    throw invalid('issuer', `must be absent: for this kind it is ${preset.issuer}`)
  return {
    id: body.id,
    kind: body.kind,
    name,
    issuer,
    clientId: body.client_id,
    secret: secretOf(body.kind, body),
    scopes: body.scopes ?? preset.scopes,
    authoritativeDomains: body.authoritative_domains,
    trustsAmr: body.trusts_amr
  }
}

/** @throws {InvalidRequestError} when the secret is not one of this kind */
export function providerChangeOf(kind: Provider['kind'], body: ProviderChangeBody): ProviderChange {
  return {
    name: body.name,
    clientId: body.client_id,
    secret: body.client_secret === undefined && body.apple_key === undefined ? undefined : secretOf(kind, body),
    scopes: body.scopes,
    authoritativeDomains: body.authoritative_domains,
    trustsAmr: body.trusts_amr,
    isEnabled: body.enabled
  }
}

function secretOf(
  kind: Provider['kind'],
  { client_secret: secret, apple_key: key }: Pick<ProviderBody, 'client_secret' | 'apple_key'>
): ProviderSecret | undefined {
  if (kind === 'apple') {
    if (!key || secret !== undefined) throw missing('apple_key')
    return { kind: 'apple_key', teamId: key.team_id, keyId: key.key_id, privateKey: key.private_key }
  }
  if (key) throw invalid('apple_key', 'must be absent: it is for Apple alone')
  if (secret === undefined && kind !== 'oidc') throw missing('client_secret')
  return secret === undefined ? undefined : { kind: 'secret', secret }
}

function missing(path: string): InvalidRequestError {
  return invalid(path, 'must be given for this kind of provider')
}

function invalid(path: string, message: string): InvalidRequestError {
  return invalidFields([{ path, message }])
}
