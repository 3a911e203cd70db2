import { ServiceTokenError } from './errors.ts'

/** A `fetch`, as the platform has it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface TokenRequestOptions {
  readonly fetch: Fetch
  /** For the whole exchange, body included. */
  readonly timeoutMilliseconds: number
  readonly maxBytes: number
  /** Gives the exchange up, with its reason. */
  readonly signal: AbortSignal
}

/** What of a token response (RFC 6749 §5.1) is used. */
export interface GrantedToken {
  readonly accessToken: string
  readonly expiresInSeconds: number
}

/** A service's token that lives longer than a day is a mistake, or a number of milliseconds. */
const maxLifetimeSeconds = 86_400
const maxTokenLength = 8192
const maxErrorLength = 64
const maxDescriptionLength = 300
/** Members of the form that no error may repeat. */
const secretFields = ['client_assertion', 'subject_token']

/**
 * Sends one request to a token endpoint. Redirects are not followed: they would hand the assertion to somebody else.
 * @throws {ServiceTokenError} or the reason of the signal
 */
export async function requestToken(
  url: string,
  form: URLSearchParams,
  options: TokenRequestOptions
): Promise<GrantedToken> {
  const abort = new AbortController()
  const giveUp = () => abort.abort(options.signal.reason)
  const timeOut = () => abort.abort(new ServiceTokenError('ERR_TOKEN_ENDPOINT_UNREACHABLE', 'timed out'))
  const timer = setTimeout(timeOut, options.timeoutMilliseconds)
  timer.unref()
  options.signal.addEventListener('abort', giveUp, { once: true })
  if (options.signal.aborted) giveUp()
  try {
    // Raced as well as passed on: a fetch, or a body, that does not heed its signal must not hold everyone up.
    return await Promise.race([exchange(url, form, options, abort.signal), rejectionOf(abort.signal)])
  } catch (cause) {
    if (cause instanceof ServiceTokenError) throw cause
    if (abort.signal.aborted) throw abort.signal.reason
    throw new ServiceTokenError('ERR_TOKEN_ENDPOINT_UNREACHABLE', nameOf(cause), { cause })
  } finally {
    clearTimeout(timer)
    options.signal.removeEventListener('abort', giveUp)
    abort.abort()
  }
}

async function exchange(
  url: string,
  form: URLSearchParams,
  { fetch, maxBytes }: TokenRequestOptions,
  signal: AbortSignal
): Promise<GrantedToken> {
  if (signal.aborted) throw signal.reason
  const headers = { Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded' }
  const response = await fetch(url, { method: 'POST', headers, body: form.toString(), signal, redirect: 'manual' })
  const { status } = response
  if (status === 429 || status >= 500) {
    response.body?.cancel().catch(() => {})
    throw new ServiceTokenError('ERR_TOKEN_ENDPOINT_UNREACHABLE', `status ${status}`, { status })
  }
  const document = await readDocument(response, maxBytes)
  if (status === 200 && !response.redirected) return readGrant(document)
  const { error, error_description: description } = document
  const isRefusal = status >= 400 && typeof error === 'string' && /^[\x20-\x7e]+$/.test(error)
  if (!isRefusal || error.length > maxErrorLength) throw notATokenResponse(status, `status ${status}`)
  const sentence = isSentence(description, form) ? description : undefined
  const detail = `${error} (status ${status})${sentence === undefined ? '' : `: ${sentence}`}`
  throw new ServiceTokenError('ERR_TOKEN_ENDPOINT_REFUSED', detail, {
    status,
    oauthError: error,
    oauthErrorDescription: sentence
  })
}

/** Has the characters of RFC 6749 §5.2, is short, and does not contain what was sent: an endpoint may quote a token that it rejects. */
function isSentence(description: unknown, form: URLSearchParams): description is string {
  if (typeof description !== 'string' || description.length > maxDescriptionLength) return false
  if (!/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/.test(description)) return false
  return !secretFields.some((field) => description.includes(form.get(field) ?? '\n'))
}

function readGrant(document: Readonly<Record<string, unknown>>): GrantedToken {
  const { access_token: accessToken, token_type: tokenType, expires_in: expiresInSeconds } = document
  const refuse = (member: string) => notATokenResponse(200, `${member} is missing or not usable`)
  // b64token (RFC 6750 §2.1): it goes into a header.
  const isToken = typeof accessToken === 'string' && /^[A-Za-z0-9._~+/-]+=*$/.test(accessToken)
  if (!isToken || accessToken.length > maxTokenLength) throw refuse('access_token')
  if (typeof tokenType !== 'string' || tokenType.toLowerCase() !== 'bearer') throw refuse('token_type')
  const isLifetime =
    typeof expiresInSeconds === 'number' && expiresInSeconds >= 1 && expiresInSeconds <= maxLifetimeSeconds
  if (!isLifetime) throw refuse('expires_in')
  return { accessToken, expiresInSeconds }
}

async function readDocument(response: Response, maxBytes: number): Promise<Readonly<Record<string, unknown>>> {
  const { status } = response
  if (!/^application\/json\s*(?:;|$)/i.test(response.headers.get('content-type') ?? '')) {
    response.body?.cancel().catch(() => {})
    throw notATokenResponse(status, `status ${status}, not JSON`)
  }
  const text = await readBounded(response, maxBytes)
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    // Without the cause: V8 quotes the text in it, which may be a token.
  }
  if (typeof document !== 'object' || document === null) throw notATokenResponse(status, `status ${status}, not JSON`)
  return document as Record<string, unknown>
}

/** Counts while reading: `Content-Length` may be missing, or wrong. */
async function readBounded(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const reader = response.body?.getReader()
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    if (done) return Buffer.concat(chunks).toString()
    bytes += value.byteLength
    if (bytes > maxBytes) {
      reader?.cancel().catch(() => {})
      throw notATokenResponse(response.status, `more than ${maxBytes} bytes`)
    }
    chunks.push(value)
  }
}

function notATokenResponse(status: number, detail: string): ServiceTokenError {
  return new ServiceTokenError('ERR_TOKEN_ENDPOINT_RESPONSE', detail, { status })
}

/** `fetch failed` says nothing; the code of what is behind it does: ECONNREFUSED, ENOTFOUND, … */
function nameOf(error: unknown): string | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    const { code } = cause as { code?: unknown }
    if (typeof code === 'string' && /^\w{2,40}$/.test(code)) return code
  }
  return undefined
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
