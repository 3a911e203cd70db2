/** Code for each kind of client: by its key with the packages, by its secret with `fetch` alone. */

const bySecret = (parameters: string) => `const { ISSUER, CLIENT_ID, CLIENT_SECRET, RESOURCE, SCOPE } = process.env
const response = await fetch(\`\${ISSUER}/oauth/token\`, {
  method: 'POST',
  headers: { authorization: \`Basic \${btoa(\`\${CLIENT_ID}:\${CLIENT_SECRET}\`)}\` },
  body: new URLSearchParams({
${parameters}
  })
})
if (!response.ok) throw new Error(await response.text())
const { access_token: token, expires_in: seconds } = await response.json()
console.log(\`A token for \${seconds} seconds\`)
`

const keyOptions = `  issuer: process.env.ISSUER,
  clientId: process.env.CLIENT_ID,
  privateKey: readFileSync(process.env.CLIENT_KEY_FILE, 'utf8')`

const target = (hasScope: boolean, of: (name: string) => string) =>
  [`resource: ${of('RESOURCE')}`, ...(hasScope ? [`scope: ${of('SCOPE')}`] : [])] as const

const fromEnvironment = (name: string) => `process.env.${name}`

function service(hasSecret: boolean, hasScope: boolean): string {
  if (hasSecret) {
    const parameters = ["grant_type: 'client_credentials'", ...target(hasScope, (name) => name)]
    return bySecret(`    ${parameters.join(',\n    ')}`)
  }
  return `import { readFileSync } from 'node:fs'
import { createServiceTokenSource } from '@countersign/service-tokens'

const tokens = createServiceTokenSource({
${keyOptions},
  ${target(hasScope, fromEnvironment).join(',\n  ')}
})
const token = await tokens.getToken() // one source for the whole process: it renews its token
`
}

function acting(hasSecret: boolean, hasScope: boolean): string {
  if (hasSecret) {
    const parameters = [
      "grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange'",
      'subject_token: process.env.USER_TOKEN',
      "subject_token_type: 'urn:ietf:params:oauth:token-type:access_token'",
      ...target(hasScope, (name) => name)
    ]
    return bySecret(`    ${parameters.join(',\n    ')}`)
  }
  return `import { readFileSync } from 'node:fs'
import { exchangeToken } from '@countersign/service-tokens'

const { accessToken } = await exchangeToken({
${keyOptions},
  subjectToken: process.env.USER_TOKEN, // what the user sent, verified before
  ${target(hasScope, fromEnvironment).join(',\n  ')}
})
`
}

const verifier = `const verifier = createAccessTokenVerifier({
  issuer: process.env.ISSUER,
  audience: process.env.AUDIENCE,
  revocations: issuerRevocations({ token: tokens })
})
`

function api(hasSecret: boolean): string {
  if (hasSecret) {
    return `import { createAccessTokenVerifier, issuerRevocations } from '@countersign/verifier'

const { ISSUER, CLIENT_ID, CLIENT_SECRET } = process.env
const tokens = {
  async getToken() {
    const response = await fetch(\`\${ISSUER}/oauth/token\`, {
      method: 'POST',
      headers: { authorization: \`Basic \${btoa(\`\${CLIENT_ID}:\${CLIENT_SECRET}\`)}\` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'revocations:read' })
    })
    if (!response.ok) throw new Error(await response.text())
    return (await response.json()).access_token
  }
}
${verifier}`
  }
  return `import { readFileSync } from 'node:fs'
import { createServiceTokenSource } from '@countersign/service-tokens'
import { createAccessTokenVerifier, issuerRevocations } from '@countersign/verifier'

const tokens = createServiceTokenSource({
${keyOptions},
  resource: process.env.ISSUER,
  scope: 'revocations:read'
})
${verifier}`
}

export const snippets = { service, acting, api }

export const bffSnippet = `const response = await fetch('/api/orders', {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', 'X-Countersign-CSRF': '1' },
  body: JSON.stringify({ item: 42 })
})
if (response.status === 401) location.assign('/sign-in')
`
