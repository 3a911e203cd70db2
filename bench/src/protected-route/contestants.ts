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
  /** Which invalid tokens it rejects: checked before the first round. */
  readonly refuses: readonly Flaw[]
}

/** The flaws of an invalid token. */
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

export const fastifyJwt: Contestant = {
  name: 'Fastify + @fastify/jwt',
  script: 'fastify-jwt.js',
  packages: ['fastify', '@fastify/jwt', 'fast-jwt', 'get-jwks'],
  options:
    "`decode: { complete: true }`, `secret` by get-jwks with the PEM of each `kid` kept, `verify: { algorithms, allowedIss, allowedAud, checkTyp: 'at+jwt', cache: 10_000, cacheKeyBuilder: (token) => token }`",
  checks: 'signature, typ, issuer, audience, times',
  refuses: [...basics, 'another typ']
}

export const honoJwk: Contestant = {
  name: "Hono's jwk",
  script: 'hono-jwk.js',
  packages: ['hono', '@hono/node-server'],
  options:
    "`jwk({ keys, alg: ['RS256'], verification: { iss, aud, typ: 'at+jwt' } })`, with keys that were fetched once: by `jwks_uri` it fetches them for each request. It has no cache of tokens",
  checks: 'signature, typ, issuer, audience, times',
  refuses: [...basics, 'another typ']
}

/** One of ours, on another framework. */
function oursOn(framework: string, script: string, packages: readonly string[]): Contestant {
  const options = `the same verifier, by \`@countersign/verifier/${framework.toLowerCase()}\``
  return { ...ours, name: `Countersign on ${framework}`, script, packages, options }
}

/** A framework whose route checks nothing. */
function bare(framework: string, script: string, packages: readonly string[]): Contestant {
  const options = 'one route that responds; it gets the very same requests'
  return { ...bareKoa, name: `${framework} without auth`, script, packages, options }
}

/** One framework: ours on it, bare, and with what people use there. */
export interface Stand {
  readonly ours: Contestant
  readonly bare: Contestant
  readonly peers: readonly Contestant[]
  /** How much more processor time than the bare framework ours may take. */
  readonly goal?: { readonly atMost: number }
}

export const koa: Stand = { ours, bare: bareKoa, peers: [joseRedis, koaJwt, awsJwtVerify], goal: { atMost: 1.05 } }
export const fastify: Stand = {
  ours: oursOn('Fastify', 'fastify-countersign.js', ['fastify', '@countersign/verifier', 'redis']),
  bare: bare('Fastify', 'fastify-bare.js', ['fastify']),
  peers: [fastJwtRedis, fastifyJwt],
  goal: { atMost: 1.05 }
}
const express: Stand = {
  ours: oursOn('Express', 'express-countersign.js', ['express', '@countersign/verifier', 'redis']),
  bare: bare('Express', 'express-bare.js', ['express']),
  peers: [expressBearer]
}
const hono: Stand = {
  ours: oursOn('Hono', 'hono-countersign.js', ['hono', '@hono/node-server', '@countersign/verifier', 'redis']),
  bare: bare('Hono', 'hono-bare.js', ['hono', '@hono/node-server']),
  peers: [honoJwk]
}
export const stands: readonly Stand[] = [koa, fastify, express, hono]

/** The same as `bareKoa`, in another process. */
export const bareKoaAgain: Contestant = { ...bareKoa, name: 'Koa without auth again' }

/** Between bare Koa and ours on it, each with a little more than the one before. */
export const noOp: Contestant = {
  name: 'Koa with a middleware that does nothing',
  script: 'koa-no-op.js',
  packages: ['koa'],
  options: '`app.use((_, next) => next())` before the route',
  checks: 'nothing',
  refuses: []
}
export const noCheck: Contestant = {
  name: 'Countersign on Koa, every token accepted',
  script: 'koa-no-check.js',
  packages: ['koa', '@countersign/verifier'],
  options: '`requireAccessToken` on a verifier whose `check` returns the same claims for every token',
  checks: 'that there is one token',
  refuses: ['no token']
}
export const noDenylist: Contestant = {
  ...ours,
  name: 'Countersign on Koa, no denylist',
  script: 'koa-no-denylist.js',
  packages: ['koa', '@countersign/verifier'],
  options: '`createAccessTokenVerifier({ issuer, audience, jwksUri, revocations: null })`',
  checks: 'all but revocation',
  refuses: flaws.filter((flaw) => flaw !== 'revoked')
}

/** Those that check as much: the form of the token, and whether it is revoked. */
export const equalPeers = [joseRedis, fastJwtRedis] as const
/** Those that are also measured cold, at once and in a cluster. */
export const finalists: readonly Contestant[] = [ours, bareKoa, ...equalPeers]
export const contestants: readonly Contestant[] = [
  ...stands.flatMap((stand) => [stand.ours, stand.bare, ...stand.peers]),
  bareKoaAgain
]

export function settingOf({ name, packages, options, checks }: Contestant): Setting {
  return { contestant: name, versions: packageVersions(...packages), options, checks }
}
