// oauth4webapi: signs a user in as a public client, in a terminal to which the address of the redirect is pasted.
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import * as oauth from 'oauth4webapi'

const { ISSUER, API, CLIENT_ID, REDIRECT_URI } = process.env
const insecure = { [oauth.allowInsecureRequests]: true }
const issuer = new URL(ISSUER)
const discovered = await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...insecure })
const server = await oauth.processDiscoveryResponse(issuer, discovered)
const client = { client_id: CLIENT_ID }
const verifier = oauth.generateRandomCodeVerifier()
const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
const url = new URL(server.authorization_endpoint)
url.search = new URLSearchParams({
  client_id: CLIENT_ID,
  redirect_uri: REDIRECT_URI,
  response_type: 'code',
  scope: 'openid profile offline_access',
  resource: API,
  state,
  nonce,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256'
})
process.stdout.write(`${url}\n`)

const [redirected] = await once(createInterface(process.stdin), 'line')
const parameters = oauth.validateAuthResponse(server, client, new URL(redirected), state)
const auth = oauth.None()
const codeResponse = await oauth.authorizationCodeGrantRequest(
  server,
  client,
  auth,
  parameters,
  REDIRECT_URI,
  verifier,
  insecure
)
const checks = { expectedNonce: nonce, requireIdToken: true }
const tokens = await oauth.processAuthorizationCodeResponse(server, client, codeResponse, checks)
await oauth.validateApplicationLevelSignature(server, codeResponse, insecure)
const user = oauth.getValidatedIdTokenClaims(tokens)
const asked = await oauth.userInfoRequest(server, client, tokens.access_token, insecure)
const userinfo = await oauth.processUserInfoResponse(server, client, user.sub, asked)
const refreshResponse = await oauth.refreshTokenGrantRequest(server, client, auth, tokens.refresh_token, insecure)
const { access_token: token } = await oauth.processRefreshTokenResponse(server, client, refreshResponse)
const response = await oauth.protectedResourceRequest(
  token,
  'GET',
  new URL(`${API}/me`),
  undefined,
  undefined,
  insecure
)
process.stdout.write(JSON.stringify({ user, userinfo, account: await response.json() }))
process.exit()
