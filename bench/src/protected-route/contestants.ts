import { packageVersions } from '../peers/package-versions.ts'
import type { Setting } from '../suite.ts'

/** One server of the comparison. */
export interface Contestant {
  readonly name: string
  /** File name in `servers/`. */
  readonly script: string
  readonly packages: readonly string[]
  readonly options: string
  /** In words. */
  readonly checks: string
  /** Which bad tokens it rejects: checked before the first round. */
  readonly refuses: readonly Flaw[]
}

/** The flaws of a bad token. */
export const flaws = ['no token', 'another signature', 'expired', 'another audience', 'another typ', 'revoked'] as const
export type Flaw = (typeof flaws)[number]

const basics: readonly Flaw[] = ['no token', 'another signature', 'expired', 'another audience']

export const ours: Contestant = {
  name: 'Countersign on Koa',
  script: 'koa-countersign.js',
  packages: ['koa', '@countersign/verifier', 'redis'],
  options:
    '`requireAccessToken(createAccessTokenVerifier({ issuer, audience, jwksUri, revocations: redisRevocations({ url }) }))`',
  checks:
    'strict compact form, signature, typ, all claims of RFC 9068 with their types, revocation of token, session and key',
  refuses: flaws
}

export const bareKoa: Contestant = {
  name: 'Koa without auth',
  script: 'koa-bare.js',
  packages: ['koa'],
  options: 'one middleware that sets `ctx.body`; it gets the very same requests',
  checks: 'nothing',
  refuses: []
}

export const joseRedis: Contestant = {
  name: 'Koa + jose + Redis EXISTS',
  script: 'koa-jose-redis.js',
  packages: ['koa', 'jose', 'redis'],
  options:
    "`jwtVerify(token, createRemoteJWKSet(url), { issuer, audience, typ: 'at+jwt', algorithms: ['RS256'] })`, then `EXISTS` of the token's `jti`; node-redis sends what is asked at the same time in one write",
  checks: 'signature, typ, issuer, audience, times, revocation of the token',
  refuses: flaws
}

export const fastJwtRedis: Contestant = {
  name: 'Fastify + fast-jwt + Redis EXISTS',
  script: 'fastify-fast-jwt-redis.js',
  packages: ['fastify', 'fast-jwt', 'get-jwks', 'redis'],
  options:
    "`createVerifier({ key, algorithms, allowedIss, allowedAud, requiredClaims, checkTyp: 'at+jwt', cache: 10_000, cacheKeyBuilder: (token) => token })`: its cache with the fastest key, not the hash that is its default, and the PEM of each `kid` kept; then `EXISTS` of the token's `jti`",
  checks: 'signature, typ, issuer, audience, times, revocation of the token',
  refuses: flaws
}

export const koaJwt: Contestant = {
  name: 'koa-jwt + jwks-rsa',
  script: 'koa-jwt.js',
  packages: ['koa', 'koa-jwt', 'jwks-rsa'],
  options:
    "`jwt({ secret: koaJwtSecret({ jwksUri, cache: true, cacheMaxEntries: 5, cacheMaxAge: 10 h }), audience, issuer, algorithms: ['RS256'] })`",
  checks: 'signature, issuer, audience, times',
  refuses: basics
}

export const expressBearer: Contestant = {
  name: 'express-oauth2-jwt-bearer',
  script: 'express-oauth2-jwt-bearer.js',
  packages: ['express', 'express-oauth2-jwt-bearer'],
  options:
    "`auth({ issuer, audience, jwksUri, tokenSigningAlg: 'RS256' })`, not `strict`, which would check and cost more",
  checks: 'signature, issuer, audience, times',
  refuses: basics
}

export const awsJwtVerify: Contestant = {
  name: 'Koa + aws-jwt-verify',
  script: 'koa-aws-jwt-verify.js',
  packages: ['koa', 'aws-jwt-verify'],
  options: '`JwtVerifier.create({ issuer, audience, jwksUri })`, hydrated before it listens',
  checks: 'signature, issuer, audience, times',
  refuses: basics
}

export const peers = [joseRedis, fastJwtRedis, koaJwt, expressBearer, awsJwtVerify] as const
/** Those that check as much: the form of the token, and whether it is revoked. */
export const equalPeers = [joseRedis, fastJwtRedis] as const
export const contestants: readonly Contestant[] = [ours, bareKoa, ...peers]

export function settingOf({ name, packages, options, checks }: Contestant): Setting {
  return { contestant: name, versions: packageVersions(...packages), options, checks }
}
