import { availableParallelism } from 'node:os'
import { oneOf, secretText, wholeNumber } from '@countersign/service-kit'
import { z } from 'zod'
import { parseUsername, usernameRule } from '../accounts/usernames.ts'
import { passwordLength, refusalOfForm } from '../passwords/password-policy.ts'
import { secondFactorPolicies } from '../sign-in/needed-factor.ts'

const day = 86_400
const most = 1_000_000
const firstPasswordRule = `a password of ${passwordLength.min} to ${passwordLength.max} characters, without line breaks`

const rpIdRule = 'a domain like example.com'
const rpIdPattern =
  /^(?=.{1,253}$)(?!.*\.\d+$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/
const originsRule = 'origins like https://app.example.com, separated by commas'
const originPattern = /^(https:\/\/[^\s/?#@]+|http:\/\/localhost(:\d+)?|android:[\w:.+=/-]+)$/

/** The first admin. */
export const firstAdminVariables = {
  firstAdminUsername: {
    name: 'COUNTERSIGN_ADMIN_USERNAME',
    schema: z
      .string(usernameRule)
      .transform((text) => parseUsername(text)?.display)
      .pipe(z.string(usernameRule))
      .default('admin'),
    description: "the first admin's name"
  },
  firstAdminPassword: {
    name: 'COUNTERSIGN_ADMIN_PASSWORD',
    schema: secretText(z.string(firstPasswordRule).refine(isFirstPassword, firstPasswordRule)).optional(),
    isSecret: true,
    description: 'the password of the first admin, which is created when there is none'
  }
}

function isFirstPassword(text: string): boolean {
  return !/[\r\n]/.test(text) && refusalOfForm(text, '') === undefined
}

/** Registration, and the limits on sign-in. */
export const signInVariables = {
  registration: {
    name: 'REGISTRATION',
    schema: oneOf(['open', 'closed']).default('open'),
    description: '`closed` refuses `POST /auth/register`'
  },
  registrationsPerAddress: {
    name: 'REGISTRATIONS_PER_ADDRESS',
    schema: wholeNumber({ min: 1, max: most, unit: 'registrations' }).default(20),
    description: 'maximum registrations from one address in an hour'
  },
  signInLimitWindowSeconds: {
    name: 'SIGN_IN_LIMIT_WINDOW_SECONDS',
    schema: wholeNumber({ min: 1, max: day, unit: 'seconds' }).default(900),
    description: 'the time window of the next five limits'
  },
  signInFailuresPerAddress: {
    name: 'SIGN_IN_FAILURES_PER_ADDRESS',
    schema: wholeNumber({ min: 1, max: most, unit: 'failures' }).default(100),
    description:
      'wrong passwords from one IPv4 address or IPv6 /64; a tenth more for a /56, a quarter more for a /48. Accounts that have signed in from there are exempt, within the next limit'
  },
  signInFailuresPerAccountAndAddress: {
    name: 'SIGN_IN_FAILURES_PER_ACCOUNT_AND_ADDRESS',
    schema: wholeNumber({ min: 1, max: most, unit: 'failures' }).default(10),
    description: 'wrong passwords for one account from one address, counted in the same way; also from one known device'
  },
  signInFailuresPerAccount: {
    name: 'SIGN_IN_FAILURES_PER_ACCOUNT',
    schema: wholeNumber({ min: 1, max: most, unit: 'failures' }).default(100),
    description:
      'wrong passwords for one account from all addresses; networks and devices that its owner has signed in from are exempt'
  },
  signInsPerAccountAndAddress: {
    name: 'SIGN_INS_PER_ACCOUNT_AND_ADDRESS',
    schema: wholeNumber({ min: 1, max: most, unit: 'sign-ins' }).default(1000),
    description: 'sign-ins of one account from one address'
  },
  signInsPerAccount: {
    name: 'SIGN_INS_PER_ACCOUNT',
    schema: wholeNumber({ min: 1, max: most, unit: 'sign-ins' }).default(3000),
    description: 'sign-ins of one account'
  }
}

/** What users do with their accounts. */
export const accountVariables = {
  secondFactor: {
    name: 'SECOND_FACTOR',
    schema: oneOf(secondFactorPolicies).default('optional'),
    description:
      '`required` requires a second factor of every user, `required-for-admins` of users with the role `admin`; such a user without one sets it up at the next sign-in'
  },
  accountDeletionDays: {
    name: 'ACCOUNT_DELETION_DAYS',
    schema: wholeNumber({ min: 0, max: 90, unit: 'days' }).default(14),
    description:
      'how long after the request of its user an account is deleted; a sign-in before that cancels the deletion. 0 deletes it at once'
  }
}

/** Passkeys. They are off where it is not known where people find the pages. */
export const passkeyVariables = {
  webauthnRpId: {
    name: 'WEBAUTHN_RP_ID',
    schema: z.string(rpIdRule).regex(rpIdPattern, rpIdRule).optional(),
    defaultText: 'the host of `PAGES_URL`',
    description:
      'the domain that passkeys belong to (RP ID): the host of the pages, or a domain above it. Another one voids all passkeys'
  },
  webauthnOrigins: {
    name: 'WEBAUTHN_ORIGINS',
    schema: z
      .string(originsRule)
      .transform((text) => text.split(/\s*,\s*|\s+/).filter(Boolean))
      .refine((origins) => origins.every((origin) => originPattern.test(origin)), originsRule)
      .optional(),
    defaultText: 'none',
    description:
      'more origins that may use passkeys, separated by commas: other sites of the domain, such as `https://app.example.com`, and apps for Android (`android:apk-key-hash:…`). That of `PAGES_URL` always may'
  }
}

/** Limits on the work of hashing passwords. */
export const passwordHashVariables = {
  passwordHashConcurrency: {
    name: 'PASSWORD_HASH_CONCURRENCY',
    schema: wholeNumber({ min: 1, max: 256, unit: 'hashes at once' }).default(availableParallelism()),
    defaultText: 'the number of cores',
    description: 'maximum parallel password hashes, each on a thread with low priority'
  },
  passwordHashQueue: {
    name: 'PASSWORD_HASH_QUEUE',
    schema: wholeNumber({ min: 0, max: 10_000, unit: 'waiting hashes' }).default(32),
    description: 'maximum waiting password hashes; one more sign-in gets 503'
  }
}
