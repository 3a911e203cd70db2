import { isTextKey, languageOfPage, refusalKey, say, type TextKey } from '../texts/say.ts'

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
  /** What else the body holds. */
  members?: object
}

/** An unexpected response, or none at all. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly issues: readonly Issue[]
  readonly retryAfterSeconds: number | undefined
  readonly members: object

  constructor({ status, code, description, issues = [], retryAfterSeconds, members = {} }: ApiErrorFields) {
    super(description)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.issues = issues
    this.retryAfterSeconds = retryAfterSeconds
    this.members = members
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
export function isUnavailable(error: unknown): boolean {
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

/** The codes whose descriptions, in English, are written for people, and what other languages say instead of one without a text. */
const codesForPeople: Record<string, TextKey> = { not_found: 'errors.notFound', access_denied: 'errors.denied' }

/** A sentence for the user that says what to do next. */
export function messageOf(error: unknown): string {
  if (!(error instanceof ApiError)) return say('errors.page')
  if (error.status === 0) return say('errors.noResponse')
  if (isUnavailable(error)) return say('errors.unavailable')
  if (needsRecentSignIn(error)) return say('stepUp.cancelled')
  if (error.status === 429) return say('errors.tooMany', { when: afterSeconds(error.retryAfterSeconds) })
  const key = `codes.${error.code}`
  if (isTextKey(key)) return say(key)
  const refusal = refusalKey(error.message)
  if (refusal) return say(refusal)
  const general = codesForPeople[error.code]
  if (general && languageOfPage() !== 'en') return say(general)
  if (error.status === 409 || general) return error.message
  if (error.status === 400) return say('errors.rejected')
  if (error.status === 413) return say('errors.tooLarge')
  return say('errors.status', { status: error.status })
}

function afterSeconds(seconds: number | undefined): string {
  if (seconds === undefined) return say('when.fewMinutes')
  if (seconds < 90) return say('when.seconds', { count: seconds })
  return say('when.minutes', { count: Math.ceil(seconds / 60) })
}
