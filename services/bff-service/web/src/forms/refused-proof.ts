import { ApiError } from '../api/api-error.ts'
import { say } from '../texts/say.ts'

/** @returns a sentence when the service rejects what a mail has brought; `undefined` for other errors */
export function refusedProof(error: unknown, proof: object): string | undefined {
  if (!(error instanceof ApiError) || error.status !== 400) return undefined
  // A link that was cut off has no secret of the right form.
  if (error.issues.some(({ path }) => !(path in proof))) return undefined
  return say('flow' in proof ? 'proof.badCode' : 'proof.badLink')
}
