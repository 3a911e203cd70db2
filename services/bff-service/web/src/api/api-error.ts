/** What is wrong with one member of a request's body. */
export interface Issue {
  path: string
  message: string
}

interface ApiErrorFields {
  /** 0 when no answer came. */
  status: number
  code: string
  description: string
  issues?: readonly Issue[]
  retryAfterSeconds?: number
}

/** An answer that is not the one asked for, or none at all. */
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

/** Whether the session has ended; a wrong password is 401 too, and is not that. */
export function isSessionEnd(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401 && /^(invalid_token|not_signed_in)$/.test(error.code)
}

/** Whether the browser's session belongs to another user than the one that the page shows. */
export function isSessionChange(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409 && error.code === 'session_changed'
}

/** Whether the same request may succeed in a little while. */
export function isAway(error: unknown): boolean {
  return error instanceof ApiError && [0, 502, 503, 504].includes(error.status)
}

/** A sentence for the person at the page, which says what to do next. */
export function messageOf(error: unknown): string {
  if (!(error instanceof ApiError)) return 'Something went wrong in this page. Reload it and try again.'
  if (error.status === 0) return 'There is no answer. Check your connection and try again.'
  if (isAway(error)) return 'The service is away for the moment. Try again in a little while.'
  if (error.status === 429) return `Too many attempts. Try again ${afterSeconds(error.retryAfterSeconds)}.`
  return error.message
}

function afterSeconds(seconds: number | undefined): string {
  if (seconds === undefined) return 'in a few minutes'
  if (seconds < 90) return seconds === 1 ? 'in a second' : `in ${seconds} seconds`
  return `in ${Math.ceil(seconds / 60)} minutes`
}

/** Messages for the fields of a form, by the name of the field. */
export function fieldErrorsOf(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return {}
  return Object.fromEntries(error.issues.map(({ path, message }) => [path.split('.')[0] ?? path, sentence(message)]))
}

/** The same for a list under the message, each with the name of its member; without one that the message itself says. */
export function issueSentencesOf(error: unknown): string[] {
  if (!(error instanceof ApiError)) return []
  return error.issues
    .filter(({ message }) => message !== error.message)
    .map(({ path, message }) => sentence(path ? `${path.replaceAll('_', ' ')}: ${message}` : message))
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}
