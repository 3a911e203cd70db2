export interface VerifierOptions {
  readonly issuer: string
  readonly audience: string
  readonly jwksUri: string
  readonly redisUrl: string
}

/** The messages of a verifier process. Times are `process.hrtime.bigint()`, which all processes share. */
export interface FromVerifier {
  readonly id?: string
  readonly ready?: boolean
  readonly acceptedOnce?: boolean
  /** When the token was rejected. */
  readonly refusedAt?: string
  /** When a bare message had arrived. */
  readonly arrivedAt?: string
  readonly error?: string
}

/** The stream of bare messages. */
export const limitStream = 'bench:limit'
