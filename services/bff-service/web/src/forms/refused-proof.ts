import { ApiError } from '../api/api-error.ts'

/** @returns a sentence when the service does not take what a mail has brought; `undefined` for other errors */
export function refusedProof(error: unknown, proof: object): string | undefined {
  if (!(error instanceof ApiError) || error.status !== 400) return undefined
  // A link that was cut off has no secret of the right form.
  if (error.issues.some(({ path }) => !(path in proof))) return undefined
  const name = 'flow' in proof ? 'code' : 'link'
  return `This ${name} is not good: it is wrong, was used, has expired, or was replaced by a later one. Ask for another mail.`
}
