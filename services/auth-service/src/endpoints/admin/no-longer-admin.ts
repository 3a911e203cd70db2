import { AccessDeniedError } from '@countersign/oauth'

/** For an admin who has lost the role while the change that they asked for waited for its turn. */
export function noLongerAdmin(): AccessDeniedError {
  return new AccessDeniedError({ description: 'You are no longer an admin.' })
}
