// The client of the MCP SDK, of the version that the environment names, whose client id was registered before, in a terminal to which the address of the redirect is pasted.
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const { RESOURCE, CLIENT_ID, REDIRECT_URI, MCP_SDK } = process.env
const { Client, StreamableHTTPClientTransport, UnauthorizedError } =
  MCP_SDK === '1'
    ? {
        ...(await import('@modelcontextprotocol/sdk/client/auth.js')),
        ...(await import('@modelcontextprotocol/sdk/client/index.js')),
        ...(await import('@modelcontextprotocol/sdk/client/streamableHttp.js'))
      }
    : await import('@modelcontextprotocol/client')
const requests = []
let [tokens, verifier, discovered] = []
const authProvider = {
  redirectUrl: REDIRECT_URI,
  clientMetadata: { redirect_uris: [REDIRECT_URI], grant_types: ['authorization_code', 'refresh_token'] },
  state: () => 'the-state',
  clientInformation: () => ({ client_id: CLIENT_ID }),
  tokens: () => tokens,
  saveTokens(given) {
    tokens = given
  },
  redirectToAuthorization: (url) => process.stdout.write(`${url}\n`),
  saveCodeVerifier(made) {
    verifier = made
  },
  codeVerifier: () => verifier,
  saveDiscoveryState(found) {
    discovered = found
  },
  discoveryState: () => discovered
}
/** Keeps what the SDK sends to the token endpoint. */
async function watchingFetch(url, init) {
  if (String(url).endsWith('/oauth/token')) requests.push(Object.fromEntries(new URLSearchParams(init.body)))
  return fetch(url, init)
}
const newTransport = () => new StreamableHTTPClientTransport(new URL(RESOURCE), { authProvider, fetch: watchingFetch })
const newClient = () => new Client({ name: 'reader', version: '1.0.0' })

const first = newTransport()
await newClient()
  .connect(first)
  .catch((error) => {
    if (!(error instanceof UnauthorizedError)) throw error
  })
const [redirected] = await once(createInterface(process.stdin), 'line')
const { searchParams } = new URL(redirected)
await first.finishAuth(searchParams.get('code'), searchParams.get('iss'))

/** Calls the tool. @returns the claims that the server saw */
async function call() {
  const client = newClient()
  await client.connect(newTransport())
  const { content } = await client.callTool({ name: 'whoami', arguments: {} })
  await client.close()
  return JSON.parse(content[0].text)
}
const claims = await call()
// The SDK refreshes by itself when its token is refused.
tokens = { ...tokens, access_token: `${tokens.access_token}x` }
const refreshed = await call()
process.stdout.write(JSON.stringify({ claims, refreshed, requests }))
process.exit()
