/** Code for each kind of client to which users sign in. */
import type { SignInKind } from './client-kinds.ts'

interface SnippetOptions {
  method: string
  hasResource: boolean
  /** Whether the issuer is one for trying things out, without TLS. */
  isHttp: boolean
}

const imports: Record<string, string> = {
  private_key_jwt: `import { readFile } from 'node:fs/promises'
import express from 'express'
import { importPKCS8 } from 'jose'
import * as oidc from 'openid-client'
`
}

/** How openid-client authenticates itself by each method. */
const authentication: Record<string, string> = {
  private_key_jwt:
    "oidc.PrivateKeyJwt(await importPKCS8(await readFile(process.env.CLIENT_KEY_FILE, 'utf8'), 'ES256'))",
  client_secret_post: 'oidc.ClientSecretPost(process.env.CLIENT_SECRET)',
  client_secret_basic: 'oidc.ClientSecretBasic(process.env.CLIENT_SECRET)'
}

function web({ method, hasResource, isHttp }: SnippetOptions): string {
  const resource = hasResource ? ',\n    resource: process.env.RESOURCE' : ''
  const insecure = isHttp ? ', { execute: [oidc.allowInsecureRequests] }' : ''
  return `${imports[method] ?? "import express from 'express'\nimport * as oidc from 'openid-client'\n"}
const { ISSUER, CLIENT_ID, REDIRECT_URI, SCOPE } = process.env
const authentication = ${authentication[method]}
const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, undefined, authentication${insecure})
const cookie = { httpOnly: true, sameSite: 'lax', secure: REDIRECT_URI.startsWith('https:'), maxAge: 600_000 }
const app = express()

app.get('/sign-in', async (req, res) => {
  const verifier = oidc.randomPKCECodeVerifier()
  const state = oidc.randomState()
  res.cookie('sign-in', \`\${state}.\${verifier}\`, cookie)
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    state,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256'${resource}
  })
  res.redirect(url.href)
})

app.get(new URL(REDIRECT_URI).pathname, async (req, res) => {
  const [, expectedState, pkceCodeVerifier] = /sign-in=([\\w-]+)\\.([\\w-]+)/.exec(req.headers.cookie) ?? []
  res.clearCookie('sign-in')
  const url = new URL(req.originalUrl, REDIRECT_URI)
  const tokens = await oidc.authorizationCodeGrant(config, url, { expectedState, pkceCodeVerifier })
  const { sub, name } = tokens.claims() // keep these, and the tokens, in a session of your own
  res.send(\`Signed in as \${name ?? sub}\`)
})

app.listen(new URL(REDIRECT_URI).port || 3000)
`
}

function spa({ hasResource }: SnippetOptions): string {
  const resource = hasResource ? ',\n  resource: VITE_RESOURCE' : ''
  const names = ['VITE_ISSUER', 'VITE_CLIENT_ID', 'VITE_REDIRECT_URI', 'VITE_SCOPE']
  return `import { UserManager } from 'oidc-client-ts'

const { ${[...names, ...(hasResource ? ['VITE_RESOURCE'] : [])].join(', ')} } = import.meta.env
const users = new UserManager({
  authority: VITE_ISSUER,
  client_id: VITE_CLIENT_ID,
  redirect_uri: VITE_REDIRECT_URI,
  scope: VITE_SCOPE${resource}
})

// On the page of the redirect URI the code is in the address; on the others there is a user, or a sign-in is due.
const isBack = location.href.startsWith(\`\${VITE_REDIRECT_URI}?\`)
const user = isBack ? await users.signinRedirectCallback() : await users.getUser()
if (isBack) history.replaceState(null, '', '/')
if (user && !user.expired) document.body.append(\`Signed in as \${user.profile.name ?? user.profile.sub}\`)
else await users.signinRedirect()
`
}

function native({ hasResource }: SnippetOptions): string {
  const resource = hasResource ? ',\n  additionalParameters: { resource: Config.RESOURCE }' : ''
  return `import { authorize, refresh } from 'react-native-app-auth'
import Config from 'react-native-config'

const settings = {
  issuer: Config.ISSUER,
  clientId: Config.CLIENT_ID,
  redirectUrl: Config.REDIRECT_URI,
  scopes: Config.SCOPE.split(' ')${resource}
}

export const signIn = () => authorize(settings) // opens the browser; keep refreshToken in the keychain
export const renew = (refreshToken) => refresh(settings, { refreshToken })
`
}

export const signInSnippets: Record<SignInKind, (options: SnippetOptions) => string> = { web, spa, native }
