import type { MailSignIn } from '../../accounts/mail-sign-in.ts'
import { type Database, orUnavailable } from './database.ts'
import { consumeSecret, type MailCause } from './one-time-secrets.ts'
import { createPrismaRequestedMail } from './requested-mail.ts'

const purpose = 'mail_sign_in'

export function createPrismaMailSignIn(database: Database, cause: MailCause): MailSignIn {
  return {
    ...createPrismaRequestedMail(database, cause, {
      table: 'mail_sign_in_requests',
      purpose,
      type: 'mail_sign_in.requested'
    }),
    consume: async (proof) => (await orUnavailable(consumeSecret(database, purpose, proof))) !== undefined
  }
}
