import { decimalNumber, oneOf, wholeNumber } from '@countersign/service-kit'
import { maxAccessTokenTtlSeconds } from '../tokens/access-tokens.ts'

const day = 86_400

/** Tokens, and the sessions that they belong to. */
export const tokenVariables = {
  accessTokenTtlSeconds: {
    name: 'ACCESS_TOKEN_TTL_SECONDS',
    schema: wholeNumber({ min: 30, max: maxAccessTokenTtlSeconds, unit: 'seconds' }).default(600),
    description: `life of an access token, at most ${maxAccessTokenTtlSeconds}`
  },
  refreshRetryWindowSeconds: {
    name: 'REFRESH_RETRY_WINDOW_SECONDS',
    schema: wholeNumber({ min: 0, max: 3600, unit: 'seconds' }).default(60),
    description:
      'how long refresh tokens of the last burst of requests get the current token; 0 is strict, and needs 0 in the next'
  },
  refreshRecoverySeconds: {
    name: 'REFRESH_RECOVERY_SECONDS',
    schema: wholeNumber({ min: 0, max: 366 * day, unit: 'seconds' }).default(day),
    description:
      'how long a lost response can be recovered; 0 is off, else more than the retry window. For tokens that are bound to a key (DPoP): until the session is idle too long'
  },
  dpopNonce: {
    name: 'DPOP_NONCE',
    schema: oneOf(['optional', 'required']).default('optional'),
    description: '`required` makes each DPoP proof hold a nonce of this issuer'
  },
  sessionIdleSeconds: {
    name: 'SESSION_IDLE_SECONDS',
    schema: wholeNumber({ min: 60, max: 366 * day, unit: 'seconds' }).default(7 * day),
    description: 'a session ends when it is not refreshed for this long'
  },
  sessionAbsoluteSeconds: {
    name: 'SESSION_ABSOLUTE_SECONDS',
    schema: wholeNumber({ min: 60, max: 3 * 366 * day, unit: 'seconds' }).default(30 * day),
    description: 'a session ends after this long in any case'
  },
  recentSignInSeconds: {
    name: 'RECENT_SIGN_IN_SECONDS',
    schema: wholeNumber({ min: 1, max: 30 * day, unit: 'seconds' }).default(900),
    description:
      'how long after a sign-in a user may change what matters, such as keys, users and the own address, before the password is asked for again'
  },
  sessionsPerUser: {
    name: 'SESSIONS_PER_USER',
    schema: wholeNumber({ min: 1, max: 100, unit: 'sessions' }).default(100),
    description: 'live sessions of a user; past it the oldest ends'
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
    description: 'how long a key signs before the next one does; decimals are fine'
  },
  jwksMaxAgeSeconds: {
    name: 'JWKS_MAX_AGE_SECONDS',
    schema: wholeNumber({ min: 1, max: day, unit: 'seconds' }).default(300),
    description:
      'how long verifiers may keep the key set without asking; a new key is published for 1.4 times as long before it signs'
  }
}
