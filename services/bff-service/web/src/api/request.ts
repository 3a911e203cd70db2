import { languageOfPage } from '../texts/say.ts'
import { ApiError, type Issue, needsRecentSignIn } from './api-error.ts'

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  body?: unknown
  /** Undefined and empty members are left out. */
  query?: Record<string, string | number | undefined>
  signal?: AbortSignal
}

const timeoutMilliseconds = 20_000

let shownUser: () => string | undefined = () => undefined

/** Names the user that the page shows, which each request carries: the bff-service rejects it in the session of another one. */
export function actFor(source: () => string | undefined): void {
  shownUser = source
}

let askForPassword: () => Promise<boolean> = async () => false

/** Gets the user's password shown once more, where a request needs a sign-in that is recent. */
export function stepUpWith(ask: () => Promise<boolean>): void {
  askForPassword = ask
}

/**
 * Sends a request to the bff-service. When it needs a recent sign-in, the password is asked for, and the request is sent again. The browser adds the session cookie itself; no token is ever in this page.
 * @throws {ApiError} for an unsuccessful response, and for none
 */
export async function request<T = void>(path: string, options: RequestOptions = {}): Promise<T> {
  try {
    return await sendOnce<T>(path, options)
  } catch (error) {
    if (needsRecentSignIn(error) && (await askForPassword())) return sendOnce<T>(path, options)
    throw error
  }
}

async function sendOnce<T>(path: string, options: RequestOptions): Promise<T> {
  const { method = 'GET', body, query, signal } = options
  const user = shownUser()
  const response = await send(path + queryString(query), {
    method,
    headers: {
      accept: 'application/json',
      'accept-language': languageOfPage(),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(method !== 'GET' && { 'x-countersign-csrf': '1' }),
      ...(user !== undefined && { 'x-countersign-user': user })
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: withTimeout(signal)
  })
  if (!response.ok) throw await errorOf(response)
  if (response.status === 204) return undefined as T
  return (await response.json()) as T
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ApiError({ status: 0, code: 'no_answer', description: 'The server did not respond.' })
  }
}

function withTimeout(signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(timeoutMilliseconds)
  return signal ? AbortSignal.any([signal, timeout]) : timeout
}

async function errorOf(response: Response): Promise<ApiError> {
  const { error, error_description, issues, ...members } = (await response.json().catch(() => ({}))) as {
    error?: string
    error_description?: string
    issues?: Issue[]
  }
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN)
  return new ApiError({
    status: response.status,
    code: error ?? 'unknown',
    description: error_description ?? `The service responded with the status ${response.status}. Try again.`,
    issues: issues ?? [],
    members,
    ...(Number.isFinite(retryAfter) && { retryAfterSeconds: retryAfter })
  })
}

function queryString(query: RequestOptions['query'] = {}): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') params.set(name, String(value))
  }
  return params.size > 0 ? `?${params}` : ''
}
