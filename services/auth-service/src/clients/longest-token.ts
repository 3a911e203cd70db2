import { type ClientPolicy, tokenExchangeGrant } from './client.ts'

/** What every token has, at its longest: an issuer of 512 characters, a thumbprint for each key id, the times, and the ids. */
const common = {
  iss: 'x'.repeat(512),
  iat: 9_999_999_999,
  exp: 9_999_999_999,
  jti: 'x'.repeat(36),
  sid: 'x'.repeat(36),
  cnf: { jkt: 'x'.repeat(43) }
}
const header = { alg: 'RS256', kid: 'x'.repeat(43), typ: 'at+jwt' }
/** The signature of an RSA key of 4096 bits. */
const signatureBytes = 512
/** A username has at most 64 characters of four bytes, and a user at most 16 roles of 32. */
const longestUser = { sub: 'x'.repeat(36), preferred_username: 'x'.repeat(256) }
const mostRoles = Array.from({ length: 16 }, () => 'x'.repeat(32))

const longestAuthentication = {
  auth_time: 9_999_999_999,
  acr: 'urn:countersign:acr:2',
  amr: ['pwd', 'otp', 'hwk', 'mfa']
}

/** The length of the longest token that a client can get for itself, or for a user by one exchange or when the user signs in. */
export function longestTokenOf(client: ClientPolicy & { readonly id: string }): number {
  const { id, scopes, audiences, grantTypes, mayCarryRoles, exchangeRules } = client
  const own = { ...common, sub: id, client_id: id, aud: audiences, scope: scopes.join(' ') }
  const forUser = {
    ...own,
    ...longestUser,
    ...(mayCarryRoles && { roles: mostRoles }),
    act: { sub: id, sid: common.sid }
  }
  const isExchanging = grantTypes.includes(tokenExchangeGrant)
  const byRules = exchangeRules.map(({ to }) => {
    const rules = exchangeRules.filter((rule) => rule.to === to)
    const allScopes = new Set(rules.flatMap((rule) => rule.scopes))
    return lengthOf({ ...forUser, aud: [to], scope: [...allScopes].join(' ') })
  })
  // Its tokens for the users who sign in to it are for one API, whose roles they carry if the API wants them.
  const signedIn = { ...own, ...longestUser, ...longestAuthentication, roles: mostRoles }
  const bySignIn = grantTypes.includes('authorization_code')
    ? audiences.map((audience) => lengthOf({ ...signedIn, aud: [audience] }))
    : []
  const isOnlySignIn = !isExchanging && !grantTypes.includes('client_credentials') && bySignIn.length > 0
  return Math.max(...(isOnlySignIn ? [] : [lengthOf(isExchanging ? forUser : own)]), ...byRules, ...bySignIn)
}

function lengthOf(claims: object): number {
  const parts = [jsonBytes(header), jsonBytes(claims), signatureBytes]
  return parts.reduce((sum, bytes) => sum + Math.ceil((bytes * 4) / 3), parts.length - 1)
}

function jsonBytes(value: object): number {
  return Buffer.byteLength(JSON.stringify(value))
}
