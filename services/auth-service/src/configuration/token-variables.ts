import { decimalNumber, oneOf, wholeNumber } from '@countersign/service-kit'
import { maxAccessTokenTtlSeconds } from '../tokens/access-tokens.ts'

const day = 86_400

/** Tokens, and the sessions that they belong to. */
export const tokenVariables = {
  accessTokenTtlSeconds: {
    name: 'ACCESS_TOKEN_TTL_SECONDS',
    schema: wholeNumber({ min: 30, max: maxAccessTokenTtlSeconds, unit: 'seconds' }).default(600),
    description: `lifetime of an access token, at most ${maxAccessTokenTtlSeconds}`
  },
  refreshRetryWindowSeconds: {
    name: 'REFRESH_RETRY_WINDOW_SECONDS',
    schema: wholeNumber({ min: 0, max: 3600, unit: 'seconds' }).default(60),
    description:
      'how long repeated and parallel refresh requests get the current token; 0 is strict, and requires 0 in the next variable'
  },
  refreshRecoverySeconds: {
    name: 'REFRESH_RECOVERY_SECONDS',
    schema: wholeNumber({ min: 0, max: 366 * day, unit: 'seconds' }).default(day),
    description:
      'how long a lost response can be recovered; 0 turns that off, otherwise more than the retry window. Key-bound tokens (DPoP) can be recovered until the idle time of the session ends'
  },
  dpopNonce: {
    name: 'DPOP_NONCE',
    schema: oneOf(['optional', 'required']).default('optional'),
    description: '`required` requires a nonce of the issuer in each DPoP proof'
  },
  sessionIdleSeconds: {
    name: 'SESSION_IDLE_SECONDS',
    schema: wholeNumber({ min: 60, max: 366 * day, unit: 'seconds' }).default(7 * day),
    description: 'a session that is not refreshed for this long ends'
  },
  sessionAbsoluteSeconds: {
    name: 'SESSION_ABSOLUTE_SECONDS',
    schema: wholeNumber({ min: 60, max: 3 * 366 * day, unit: 'seconds' }).default(30 * day),
    description: 'the maximum lifetime of a session'
  },
  recentSignInSeconds: {
    name: 'RECENT_SIGN_IN_SECONDS',
    schema: wholeNumber({ min: 60, max: 30 * day, unit: 'seconds' }).default(900),
    description:
      'how long after a sign-in a user may make sensitive changes, such as to keys, users and their own e-mail address, before having to sign in again'
  },
  sessionsPerUser: {
    name: 'SESSIONS_PER_USER',
    schema: wholeNumber({ min: 1, max: 100, unit: 'sessions' }).default(100),
    description: 'maximum live sessions of a user; one more ends the oldest'
  }
}

/** The keys that sign tokens. */
export const signingKeyVariables = {
  signingKeyBits: {
    name: 'SIGNING_KEY_BITS',
    schema: oneOf(['2048', '3072', '4096']).default('2048'),
    description: 'size of new signing keys: 2048, 3072 or 4096'
  },
  signingKeyRotationDays: {
    name: 'SIGNING_KEY_ROTATION_DAYS',
    schema: decimalNumber({ min: 0.00001, max: 3660, unit: 'days' }).default(30),
    description: 'how long a key signs before it is rotated; may be a decimal number'
  },
  jwksMaxAgeSeconds: {
    name: 'JWKS_MAX_AGE_SECONDS',
    schema: wholeNumber({ min: 1, max: day, unit: 'seconds' }).default(300),
    description: 'how long verifiers may cache the key set; a new key is published 1.4 times as long before it signs'
  }
}
