import { AccessDeniedError } from '@countersign/oauth'

/** The error for an admin who lost the role while the change waited for its turn. */
export function noLongerAdmin(): AccessDeniedError {
  return new AccessDeniedError({ description: 'You are no longer an admin.' })
}
