/** What the probes have in common: a verifier, and loggers that tell of which request they are. */
import { createAccessTokenVerifier, type VerifierLogger } from '@countersign/verifier'
import { redisRevocations } from '@countersign/verifier/redis'

const { ISSUER = '', AUDIENCE = '', REDIS_URL = '', JWKS_URL, PUBLIC_URL } = process.env

export const verifier = createAccessTokenVerifier({
  issuer: ISSUER,
  audience: AUDIENCE,
  jwksUri: JWKS_URL,
  revocations: redisRevocations({ url: REDIS_URL })
})

export const publicUrl = PUBLIC_URL

export function loggerOf(path: string): VerifierLogger {
  const log = (fields: object, message: string) => console.log(JSON.stringify({ path, message, ...fields }))
  return { info: log, warn: log }
}

/** What each probe returns when its own code fails. */
export const faultOf = ({ name, message }: Error) => ({ status: 418, body: { name, message } })
