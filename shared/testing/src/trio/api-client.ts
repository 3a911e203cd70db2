import { randomBytes } from 'node:crypto'
import type { TokenResponse } from '@countersign/oauth'

/** What came back: status, headers and parsed body. */
export interface ApiResponse<T = Record<string, unknown>> {
  readonly status: number
  readonly headers: Headers
  readonly body: T
}

export interface Credentials {
  readonly username: string
  readonly password: string
}

/** Every token and password that the suites have used, so that the logs can be searched for them. */
export const usedSecrets = new Set<string>()

export async function post<T = Record<string, unknown>>(
  url: string,
  body?: unknown,
  accessToken?: string
): Promise<ApiResponse<T>> {
  return send(url, {
    method: 'POST',
    headers: { ...bearer(accessToken), ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
}

export async function get<T = Record<string, unknown>>(url: string, accessToken?: string): Promise<ApiResponse<T>> {
  return send(url, { headers: bearer(accessToken) })
}

export async function send<T = Record<string, unknown>>(url: string, init: RequestInit): Promise<ApiResponse<T>> {
  rememberSecrets(init)
  const response = await fetch(url, { redirect: 'manual', ...init })
  const text = await response.text()
  const isJson = response.headers.get('Content-Type')?.startsWith('application/json')
  return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as T }
}

const secretMembers = ['password', 'current_password', 'new_password', 'refresh_token', 'device_token']

/** A password or token that was sent, right or wrong, must not be logged. Very short ones prove nothing. */
function rememberSecrets({ headers, body }: RequestInit): void {
  const sent = [new Headers(headers).get('Authorization')?.replace(/^Bearer /, '')]
  if (typeof body === 'string' && body.length < 20_000 && body.startsWith('{')) {
    try {
      const members = JSON.parse(body) as Record<string, unknown>
      sent.push(...secretMembers.map((name) => members[name]).filter((value) => typeof value === 'string'))
    } catch {} // malformed on purpose
  }
  for (const secret of sent) if (secret !== undefined && secret.length >= 8) usedSecrets.add(secret)
}

function bearer(accessToken: string | undefined): Record<string, string> {
  return accessToken === undefined ? {} : { Authorization: `Bearer ${accessToken}` }
}

/** Registers a user with a unique name. */
export async function register(authUrl: string): Promise<Credentials & { id: string }> {
  const credentials = {
    username: `user-${randomBytes(6).toString('hex')}`,
    password: randomBytes(12).toString('base64url')
  }
  usedSecrets.add(credentials.password)
  const { status, body } = await post<{ id: string }>(`${authUrl}/auth/register`, credentials)
  if (status !== 201) throw new Error(`register responded with ${status}: ${JSON.stringify(body)}`)
  return { ...credentials, id: body.id }
}

/** Signs in, and expects success. */
export async function signIn(authUrl: string, { username, password }: Credentials): Promise<TokenResponse> {
  const { status, body } = await post<TokenResponse>(`${authUrl}/auth/login`, { username, password })
  if (status !== 200) throw new Error(`login responded with ${status}: ${JSON.stringify(body)}`)
  return remember(body)
}

export async function refresh(authUrl: string, refreshToken: string): Promise<ApiResponse<TokenResponse>> {
  const response = await post<TokenResponse>(`${authUrl}/auth/refresh`, { refresh_token: refreshToken })
  if (response.status === 200) remember(response.body)
  return response
}

function remember(tokens: TokenResponse): TokenResponse {
  usedSecrets.add(tokens.access_token)
  usedSecrets.add(tokens.refresh_token)
  return tokens
}

/** The claims of an access token, unverified. */
export function unverifiedClaims(
  accessToken: string
): Record<string, unknown> & { sid: string; jti: string; exp: number; iat: number } {
  return JSON.parse(Buffer.from(accessToken.split('.')[1] as string, 'base64url').toString())
}
