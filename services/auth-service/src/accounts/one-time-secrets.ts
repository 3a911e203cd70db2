import { createHmac, randomBytes, randomInt } from 'node:crypto'
import { type Bytes, sha256 } from '../hashes.ts'
import type { MasterKeys } from '../keys/master-keys.ts'
import type { MailSecret } from '../mail/mail.ts'

/** What a mailed secret may be used for, and for nothing else. */
export type SecretPurpose =
  | 'email_change'
  | 'email_undo'
  | 'email_verification'
  | 'factor_enrolment'
  | 'mail_sign_in'
  | 'password_reset'

/** How long link and code are valid, in seconds. */
export const secretLifetimeSeconds: Record<SecretPurpose, number> = {
  email_change: 86_400,
  email_undo: 3 * 86_400,
  email_verification: 86_400,
  factor_enrolment: 600,
  mail_sign_in: 600,
  password_reset: 600
}

/** How often codes of one flow may be tried. */
export const maxTries = 5

/**
 * What somebody shows to prove that a mail was read: its link, or its code within the flow that asked for it. With a flow, the link is valid
 * in that alone.
 */
export type SecretProof =
  | { readonly kind: 'link'; readonly linkHash: Bytes; readonly flowHash?: Bytes | undefined }
  | { readonly kind: 'code'; readonly flowHash: Bytes; readonly codeHmacs: readonly Bytes[] }

/** The secret as the database keeps it. */
export interface StoredSecret {
  readonly flowHash: Bytes
  readonly linkHash: Bytes
  /** `null` for a link alone. */
  readonly codeHmac: Bytes | null
}

export interface OneTimeSecretCodec {
  /** Begins a flow: the client that asks keeps the text, the database its hash. */
  newFlow(): { readonly flow: string; readonly flowHash: Bytes }
  /** A new link and code for a flow; without a flow, a link alone. */
  newSecret(
    purpose: SecretPurpose,
    flowHash: Bytes | undefined
  ): { readonly secret: MailSecret; readonly stored: StoredSecret }
  /** A link without a code. */
  newLink(): { readonly secret: MailSecret; readonly linkHash: Bytes }
  /** The hash of a link's secret, as the database keeps it. */
  linkHashOf(secret: string): Bytes
  proofOf(
    purpose: SecretPurpose,
    shown: { secret: string; flow?: string | undefined } | { flow: string; code: string }
  ): SecretProof
}

/** Codes are short, so they are kept as HMACs under a key of the master key; a code is bound to its purpose and its flow. */
export function createOneTimeSecretCodec(masterKeys: MasterKeys): OneTimeSecretCodec {
  const keys = masterKeys.map((key) => key.derive('mailed codes v1'))
  return {
    newFlow() {
      const flow = randomBytes(32).toString('base64url')
      return { flow, flowHash: sha256(flow) }
    },
    newSecret(purpose, flowHash) {
      const { secret, linkHash } = newLink()
      if (!flowHash) return { secret, stored: { flowHash: Uint8Array.from(randomBytes(32)), linkHash, codeHmac: null } }
      const code = String(randomInt(10 ** 8)).padStart(8, '0')
      const [codeHmac] = codeHmacs(purpose, flowHash, code) as [Bytes]
      return { secret: { ...secret, code }, stored: { flowHash, linkHash, codeHmac } }
    },
    newLink,
    linkHashOf: sha256,
    proofOf(purpose, shown) {
      if ('secret' in shown) {
        const flowHash = shown.flow === undefined ? undefined : sha256(shown.flow)
        return { kind: 'link', linkHash: sha256(shown.secret), flowHash }
      }
      const flowHash = sha256(shown.flow)
      return { kind: 'code', flowHash, codeHmacs: codeHmacs(purpose, flowHash, shown.code) }
    }
  }

  function codeHmacs(purpose: SecretPurpose, flowHash: Bytes, code: string): Bytes[] {
    return keys.map((key) =>
      Uint8Array.from(createHmac('sha256', key).update(`${purpose}\n`).update(flowHash).update(code).digest())
    )
  }
}

function newLink() {
  const link = randomBytes(32).toString('base64url')
  return { secret: { link }, linkHash: sha256(link) }
}

/** The user whose mail was read. */
export interface ProvenUser {
  readonly userId: string
  readonly username: string
}

/** The one-time secrets in the database. */
export interface OneTimeSecrets {
  /**
   * Counts a try with a code, before it is compared.
   * @returns the user; `undefined` when the flow has no code, or its tries are used up
   */
  countTry(purpose: SecretPurpose, flowHash: Bytes): Promise<string | undefined>
  /** Takes back a try that was no guess: its code was valid. */
  refundTry(purpose: SecretPurpose, flowHash: Bytes): Promise<void>
  /** Looks at what a proof would consume, and leaves it. */
  find(purpose: SecretPurpose, proof: SecretProof): Promise<ProvenUser | undefined>
}

/** What users have done since is undone in a database that was restored: secrets that were used are there again, and so are deletions that were given up. */
export interface RestoredSecrets {
  /**
   * Voids all of them, all invitations, trusted devices and sign-ins under way, and gives up the mails that would bring them. Other mails that wait are sent, perhaps
   * once more.
   * @returns how many secrets there were
   */
  voidAll(): Promise<number>
  /**
   * Gives users whose deletion is pending their period of grace once more, from now on: a sign-in keeps the account.
   * @returns how many there are
   */
  postponeDeletions(): Promise<number>
}
