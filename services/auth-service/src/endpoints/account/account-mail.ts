import { ConflictError, InvalidRequestError, NotFoundError } from '@countersign/oauth'
import { emailKeyOf } from '../../accounts/email-addresses.ts'
import type { EmailChange } from '../../accounts/email-change.ts'
import type { EmailVerification } from '../../accounts/email-verification.ts'
import type { Invitations } from '../../accounts/invitations.ts'
import type { MailSignIn } from '../../accounts/mail-sign-in.ts'
import type { OneTimeSecretCodec, OneTimeSecrets } from '../../accounts/one-time-secrets.ts'
import type { PasswordResets } from '../../accounts/password-resets.ts'
import { readSignInName, type SignInName } from '../../accounts/sign-in-name.ts'
import type { Announcing } from '../../revocation/announcing.ts'
import type { EnrolmentMail } from '../../sign-in/enrolment-mail.ts'
import type { MailedProof, MailRecipient } from '../../wire/account.ts'

/** What accounts do by mail. */
export interface AccountMail {
  readonly codec: OneTimeSecretCodec
  readonly secrets: OneTimeSecrets
  /** Absent where users cannot sign in by mail. */
  readonly signIn: MailSignIn | undefined
  readonly resets: Announcing<PasswordResets>
  readonly verification: EmailVerification
  readonly emailChange: Announcing<EmailChange>
  readonly enrolmentMail: EnrolmentMail
  readonly invitations: Invitations
  /** Sends at once what was just committed. */
  wake(): void
}

export interface AccountMailDeps {
  /** Absent where no mail server is configured. */
  accountMail: AccountMail | undefined
}

/** @throws {NotFoundError} where no mail server is configured */
export function requireMail({ accountMail }: AccountMailDeps): AccountMail {
  if (accountMail) return accountMail
  throw new NotFoundError({
    description: 'This installation sends no mail: its operator has to configure a mail server.'
  })
}

/** The same for each reason, since it must not tell who has an account. */
export function invalidProof(): InvalidRequestError {
  return new InvalidRequestError({
    description:
      'This link or code is not valid: it is wrong, was used, has expired, or was replaced by a later one. Ask for another mail.'
  })
}

/** Only a reader of this address's mail sees it. */
export function addressTaken(): ConflictError {
  return new ConflictError({ code: 'address_taken', description: 'Another account has verified this e-mail address.' })
}

/** Whose mail a body asks for. */
export function recipientOf({ email, username }: MailRecipient): SignInName {
  return email === undefined ? readSignInName(username ?? '') : { emailKey: emailKeyOf(email), usernameKey: undefined }
}

/** The proof in a body whose schema has checked that there is one. */
export function shownProof({ secret, flow, code }: MailedProof) {
  return secret === undefined ? { flow: flow ?? '', code: code ?? '' } : { secret }
}
