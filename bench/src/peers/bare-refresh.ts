/**
 * The limit of a refresh: what any issuer has to do that rotates in Postgres and signs, and nothing else. One UPDATE by a
 * prepared statement on Countersign's own table, one RS256 signature, JSON in and out, on bare node:http.
 */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import pg from 'pg'
import { accessTokenTtlSeconds, type IssuerOptions, type IssuerPeer, resource, scope } from './issuer-peer.ts'
import { packageVersions } from './package-versions.ts'
import { listen, peerOptions, reportReady } from './peer-process.ts'

const options = peerOptions<IssuerOptions>()
const pool = new pg.Pool({ connectionString: options.databaseUrl, max: options.databaseConnections })
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const signAsync = promisify(sign)
const kid = randomUUID()
const header = encode({ alg: 'RS256', typ: 'at+jwt', kid })
const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid }] }

const rotate = {
  name: 'rotate',
  text: `UPDATE refresh_token_families SET generation = generation + 1, rotated_at = now(),
      idle_expires_at = now() + interval '7 days', access_expires_at = now() + interval '10 minutes'
    WHERE id = $1 AND generation = $2 RETURNING user_id, client_id, generation`
}

interface Rotated {
  user_id: string
  client_id: string
  generation: number
}

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') return send(response, 200, jwks)
  let text = ''
  for await (const chunk of request) text += chunk
  const { refresh_token: presented } = JSON.parse(text) as { refresh_token: string }
  const [id, generation] = presented.split('.') as [string, string]
  const [family] = (await pool.query<Rotated>({ ...rotate, values: [id, generation] })).rows
  if (!family) return send(response, 400, { error: 'invalid_grant' })
  const iat = Math.floor(Date.now() / 1000)
  // As long as a token of Countersign.
  const signed = `${header}.${encode({
    iss: 'http://issuer.test',
    sub: family.user_id,
    aud: [resource, 'http://issuer.test'],
    client_id: family.client_id,
    iat,
    exp: iat + accessTokenTtlSeconds,
    jti: randomUUID(),
    sid: id,
    scope,
    roles: [],
    preferred_username: 'user-0123456789ab'
  })}`
  const signature = await signAsync('RSA-SHA256', Buffer.from(signed), privateKey)
  send(response, 200, {
    access_token: `${signed}.${signature.toString('base64url')}`,
    // Padded to the length of Countersign's, whose MAC it leaves out.
    refresh_token: `${id}.${family.generation}.`.padEnd(76, '0'),
    token_type: 'Bearer',
    expires_in: accessTokenTtlSeconds,
    scope
  })
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body)
  response
    .writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) })
    .end(text)
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

async function startSession(): Promise<string> {
  const [userId, id] = [randomUUID(), randomUUID()]
  await pool.query(
    `INSERT INTO users (id, username, username_key, password_hash, roles) VALUES ($1, $2, $2, 'none', '{}')`,
    [userId, `user-${userId}`]
  )
  await pool.query(
    `INSERT INTO refresh_token_families (id, user_id, client_id, scope, audience, generation, idle_expires_at,
       absolute_expires_at, access_expires_at, sign_in_network, address, user_agent)
     VALUES ($1, $2, 'countersign', $3, $4, 0, now() + interval '7 days', now() + interval '30 days',
       now() + interval '10 minutes', '192.0.2.1', '192.0.2.1', 'bench')`,
    [id, userId, scope, [resource]]
  )
  return `${id}.0.`.padEnd(76, '0')
}

const refreshTokens: string[] = []
for (let i = 0; i < options.sessions; i++) refreshTokens.push(await startSession())
await pool.query('VACUUM ANALYZE')

reportReady({
  url: await listen((request, response) => {
    respond(request, response).catch((error: unknown) => send(response, 500, { error: String(error) }))
  }),
  jwksPath: '/jwks.json',
  algorithm: 'RS256',
  refresh: {
    path: '/refresh',
    headers: { 'Content-Type': 'application/json' },
    body: '{"refresh_token":"{refresh_token}"}'
  },
  refreshTokens,
  setting: {
    contestant: 'the limit of a refresh',
    versions: packageVersions('pg'),
    options:
      `bare node:http; one prepared UPDATE … RETURNING on Countersign's own table and indexes; one RS256 signature
      (2048 bits) by crypto.sign on the thread pool; JSON in and out, as long as Countersign's; pg pool of
      ${options.databaseConnections}`.replace(/\s+/g, ' '),
    checks: 'the generation'
  }
} satisfies IssuerPeer)
