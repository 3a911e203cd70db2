import { InvalidRequestError } from '@countersign/oauth'

/** For a member of a body that its schema cannot check. */
export function refusedMember(path: string, message: string): InvalidRequestError {
  return new InvalidRequestError({ description: message, issues: [{ path, message }] })
}
