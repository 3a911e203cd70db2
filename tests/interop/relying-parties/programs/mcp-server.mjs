// An MCP server with the SDK's transport over HTTP, which lets in requests by the verifier.
import { createAccessTokenVerifier, issuerRevocations, protectedResourceMetadataUrl } from '@countersign/verifier'
import {
  accessTokenOf,
  protectedResourceMetadata,
  requireAccessToken,
  requireScope
} from '@countersign/verifier/express'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express from 'express'

const { ISSUER, RESOURCE } = process.env
const scope = 'notes:read'
const verifier = createAccessTokenVerifier({ issuer: ISSUER, audience: RESOURCE, revocations: issuerRevocations() })
const resourceMetadata = protectedResourceMetadataUrl(RESOURCE)
const { port, pathname } = new URL(RESOURCE)

const app = express()
app.get(
  new URL(resourceMetadata).pathname,
  protectedResourceMetadata({ resource: RESOURCE, authorizationServers: [ISSUER], scopesSupported: [scope] })
)
app.use(
  pathname,
  requireAccessToken(verifier, { resourceMetadata, challengeScopes: [scope] }),
  requireScope(scope),
  express.json()
)
app.post(pathname, async (request, response) => {
  const server = new McpServer({ name: 'notes', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Who is calling' }, () => ({
    content: [{ type: 'text', text: JSON.stringify(accessTokenOf(request)) }]
  }))
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
  await server.connect(transport)
  await transport.handleRequest(request, response, request.body)
})
app.all(pathname, (_, response) => response.status(405).end())
app.listen(Number(port), () => process.stdout.write(`${RESOURCE}\n`))
