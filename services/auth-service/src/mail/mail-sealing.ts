import type { MasterKeys } from '../keys/master-keys.ts'
import { createSealing } from '../keys/sealing.ts'
import type { MailSecret } from './mail.ts'

/** Seals the secrets of mails that wait in the database, bound to their mail. */
export interface MailSealing {
  seal(mailId: string, secret: MailSecret): Uint8Array<ArrayBuffer>
  /** @returns `undefined` when no master key opens it, or it was sealed for another mail */
  open(mailId: string, sealed: Uint8Array): MailSecret | undefined
}

export function createMailSealing(masterKeys: MasterKeys): MailSealing {
  const sealing = createSealing(masterKeys, 'mail secret sealing v1')
  return {
    seal: (mailId, secret) => sealing.seal(mailId, Buffer.from(JSON.stringify(secret))),
    open(mailId, sealed) {
      const secret = sealing.open(mailId, sealed)
      return secret && (JSON.parse(secret.toString()) as MailSecret)
    }
  }
}
