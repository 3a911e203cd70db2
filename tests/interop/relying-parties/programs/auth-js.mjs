import { ExpressAuth, getSession } from '@auth/express'
import express from 'express'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, BASE_URL, SESSION_SECRET, API } = process.env

/** A new token for each call, which shows that Auth.js' recipe for refreshes works. */
async function refresh(refreshToken) {
  const { token_endpoint: tokenEndpoint } = await (await fetch(`${ISSUER}/.well-known/openid-configuration`)).json()
  const response = await fetch(tokenEndpoint, {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken })
  })
  if (!response.ok) throw new Error(`refresh responded with ${response.status}`)
  return response.json()
}

const config = {
  basePath: '/auth',
  secret: SESSION_SECRET,
  trustHost: true,
  providers: [
    {
      id: 'countersign',
      name: 'Countersign',
      type: 'oidc',
      issuer: ISSUER,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      authorization: { params: { scope: 'openid profile email offline_access', resource: API } },
      checks: ['pkce', 'state', 'nonce']
    }
  ],
  callbacks: {
    jwt({ token, account, profile }) {
      return account ? { ...token, profile, refreshToken: account.refresh_token } : token
    },
    session({ session, token }) {
      return { ...session, profile: token.profile, refreshToken: token.refreshToken }
    }
  }
}

const app = express()
app.use('/auth', ExpressAuth(config))
app.get('/', async (request, response) => {
  const session = await getSession(request, config)
  if (!session) return response.status(401).end()
  const { access_token: token } = await refresh(session.refreshToken)
  const apiResponse = await fetch(`${API}/me`, { headers: { Authorization: `Bearer ${token}` } })
  response.json({ user: session.profile, account: await apiResponse.json() })
})
app.listen(new URL(BASE_URL).port, () => process.stdout.write(`${BASE_URL}\n`))
