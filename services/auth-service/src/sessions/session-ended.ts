import { AccessDeniedError } from '@countersign/oauth'

/** Another request has ended the session while this one waited for its turn. */
export function sessionEnded(): AccessDeniedError {
  return new AccessDeniedError({ description: 'This session has ended meanwhile. Sign in again.' })
}
