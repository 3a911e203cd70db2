import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { MasterKeys } from '../keys/master-keys.ts'
import type { MailSecret } from './mail.ts'

const purpose = 'mail secret sealing v1'
const ivBytes = 12
const tagBytes = 16

/** Seals the secrets of mails that wait in the database (AES-256-GCM), bound to their mail. */
export interface MailSealing {
  seal(mailId: string, secret: MailSecret): Uint8Array<ArrayBuffer>
  /** @returns `undefined` when no master key opens it, or it was sealed for another mail */
  open(mailId: string, sealed: Uint8Array): MailSecret | undefined
}

/** The first master key seals; each of them opens what it has sealed. */
export function createMailSealing(masterKeys: MasterKeys): MailSealing {
  const keys = masterKeys.map((key) => key.derive(purpose))
  return {
    seal(mailId, secret) {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', keys[0] as Uint8Array, iv).setAAD(Buffer.from(mailId))
      const sealed = Buffer.concat([cipher.update(JSON.stringify(secret)), cipher.final()])
      return Uint8Array.from(Buffer.concat([iv, cipher.getAuthTag(), sealed]))
    },
    open(mailId, sealed) {
      const [iv, tag] = [sealed.subarray(0, ivBytes), sealed.subarray(ivBytes, ivBytes + tagBytes)]
      for (const key of keys) {
        try {
          const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
          decipher.setAAD(Buffer.from(mailId)).setAuthTag(tag)
          const opened = Buffer.concat([decipher.update(sealed.subarray(ivBytes + tagBytes)), decipher.final()])
          return JSON.parse(opened.toString()) as MailSecret
        } catch {
          // Sealed under another key, or damaged.
        }
      }
      return undefined
    }
  }
}
