/** What the service rejects in one member of a request, in its own terms. */
export interface Issue {
  path: string
  message: string
}

interface ApiErrorFields {
  /** 0 without a response. */
  status: number
  code: string
  description: string
  issues?: readonly Issue[]
  retryAfterSeconds?: number
}

/** An unexpected response, or none at all. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly issues: readonly Issue[]
  readonly retryAfterSeconds: number | undefined

  constructor({ status, code, description, issues = [], retryAfterSeconds }: ApiErrorFields) {
    super(description)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.issues = issues
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** Whether the session has ended; a wrong password is 401 too, and is not meant. */
export function isSessionEnd(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401 && /^(invalid_token|not_signed_in)$/.test(error.code)
}

/** Whether the user has to show the password once more (RFC 9470). */
export function needsRecentSignIn(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401 && error.code === 'insufficient_user_authentication'
}

/** Whether the browser's session belongs to another user than the one that the page shows. */
export function isSessionChange(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409 && error.code === 'session_changed'
}

/** Whether the same request may succeed soon. The change may have been made all the same. */
export function isAway(error: unknown): boolean {
  return error instanceof ApiError && [0, 502, 503, 504].includes(error.status)
}

/** Whether there is something already, or something is in the way. */
export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409
}

/** Whether the thing does not exist, so that trying again is useless. */
export function isMissing(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404
}

/** The codes whose descriptions are written for people; the others are for programs. */
const codesForPeople = ['not_found', 'access_denied', 'cookies_blocked']

/** A sentence for the user that says what to do next. */
export function messageOf(error: unknown): string {
  if (!(error instanceof ApiError)) return 'Something went wrong in this page. Reload it and try again.'
  if (error.status === 0) return 'There is no answer. Check your connection and try again.'
  if (isAway(error)) return 'The service is away for the moment. Try again in a little while.'
  if (needsRecentSignIn(error))
    return 'Nothing was changed. Try again, and enter your password when you are asked for it.'
  if (error.status === 429) return `Too many attempts. Try again ${afterSeconds(error.retryAfterSeconds)}.`
  if (error.status === 409 || codesForPeople.includes(error.code)) return error.message
  if (error.status === 400)
    return 'The service does not take this. Check what you entered, or the address of this page.'
  if (error.status === 413) return 'This is more than the service takes. Shorten it and try again.'
  return `The service refused this (status ${error.status}). Reload the page and try again.`
}

function afterSeconds(seconds: number | undefined): string {
  if (seconds === undefined) return 'in a few minutes'
  if (seconds < 90) return seconds === 1 ? 'in a second' : `in ${seconds} seconds`
  return `in ${Math.ceil(seconds / 60)} minutes`
}
