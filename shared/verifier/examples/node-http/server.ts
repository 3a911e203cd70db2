import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createAccessTokenVerifier,
  createRequestGuard,
  headerValues,
  protectedResourceDocument,
  protectedResourceMetadataUrl,
  RoleInsufficientError,
  ScopeInsufficientError,
  type VerifiedAccessToken
} from '@countersign/verifier'
import { redisDpopReplays, redisRevocations } from '@countersign/verifier/redis'

const { ISSUER, AUDIENCE, REDIS_URL, JWKS_URL, PUBLIC_URL, PORT = '3000' } = process.env
if (!ISSUER || !AUDIENCE || !REDIS_URL) throw new Error('ISSUER, AUDIENCE and REDIS_URL must be set')

// Any logger of this shape, such as pino.
const logger = {
  info: (fields: object, message: string) => console.info(message, fields),
  warn: (fields: object, message: string) => console.warn(message, fields)
}
const verifier = createAccessTokenVerifier({
  issuer: ISSUER,
  audience: AUDIENCE,
  jwksUri: JWKS_URL,
  revocations: redisRevocations({ url: REDIS_URL }),
  dpop: { replays: redisDpopReplays({ url: REDIS_URL }) },
  logger
})

const urlOf = (request: IncomingMessage) => `http://${request.headers.host}${request.url}`
const guard = createRequestGuard<IncomingMessage>(
  verifier,
  {
    authorization: (request) => headerValues(request, 'authorization'),
    dpop: (request) => headerValues(request, 'dpop'),
    queryString: ({ url = '' }) => url.split('?', 2)[1],
    form: () => undefined,
    method: ({ method = 'GET' }) => method,
    url: urlOf,
    path: ({ url = '/' }) => url.split('?', 1)[0] ?? '/'
  },
  { publicUrl: PUBLIC_URL, resourceMetadata: protectedResourceMetadataUrl(AUDIENCE), logger }
)

const metadata = protectedResourceDocument({
  resource: AUDIENCE,
  authorizationServers: [ISSUER],
  scopesSupported: ['reports:read']
})
const open: Record<string, (response: ServerResponse) => unknown> = {
  '/public': () => ({ hello: 'everybody' }),
  '/.well-known/oauth-protected-resource'(response) {
    response.setHeader('Cache-Control', 'public, max-age=3600')
    return metadata
  }
}
const guarded: Record<string, (claims: VerifiedAccessToken) => unknown> = {
  '/me': (claims) => claims,
  '/reports'({ scope = '' }) {
    if (!scope.split(' ').includes('reports:read')) throw new ScopeInsufficientError(['reports:read'])
    return { reports: [] }
  },
  '/admin'({ sub, roles = [] }) {
    if (!roles.includes('admin')) throw new RoleInsufficientError('admin')
    return { hello: sub }
  }
}

function respond(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) {
  response.writeHead(status, { ...headers, 'Content-Type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(body))
}

const server = createServer(async (request, response) => {
  try {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const isOpen = Object.hasOwn(open, pathname)
    if (isOpen) return respond(response, 200, open[pathname]?.(response))
    const claims = await guard.admit(request)
    if (!Object.hasOwn(guarded, pathname)) return respond(response, 404, { error: 'not_found' })
    respond(response, 200, guarded[pathname]?.(claims))
  } catch (error) {
    try {
      const { status, headers, body } = guard.refuse(request, error)
      respond(response, status, body, headers)
    } catch (fault) {
      console.error(fault)
      respond(response, 500, { error: 'server_error' })
    }
  }
})
server.listen(Number(PORT), () => console.info(`http://localhost:${(server.address() as AddressInfo).port}`))
process.once('SIGTERM', () => {
  server.close()
  void verifier.close()
})
