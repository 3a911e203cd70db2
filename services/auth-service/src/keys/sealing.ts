import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { MasterKeys } from './master-keys.ts'

const ivBytes = 12
const tagBytes = 16

/** Seals secrets that wait in the database (AES-256-GCM), each bound to what it belongs to. */
export interface Sealing {
  seal(owner: string, secret: Uint8Array): Uint8Array<ArrayBuffer>
  /** @returns `undefined` when no master key opens it, or it was sealed for another owner */
  open(owner: string, sealed: Uint8Array): Buffer | undefined
  /** Seals with the current key what an older one has sealed. @returns `undefined` when there is nothing to do, or nothing opens it */
  reseal(owner: string, sealed: Uint8Array): Uint8Array<ArrayBuffer> | undefined
}

/** The first master key seals; each of them opens what it has sealed. */
export function createSealing(masterKeys: MasterKeys, purpose: string): Sealing {
  const keys = masterKeys.map((key) => key.derive(purpose))
  const [current] = keys as [Uint8Array]
  return {
    seal,
    open,
    reseal(owner, sealed) {
      if (openWith(current, owner, sealed)) return undefined
      const secret = open(owner, sealed)
      return secret && seal(owner, secret)
    }
  }

  function seal(owner: string, secret: Uint8Array): Uint8Array<ArrayBuffer> {
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv('aes-256-gcm', current, iv).setAAD(Buffer.from(owner))
    const sealed = Buffer.concat([cipher.update(secret), cipher.final()])
    return Uint8Array.from(Buffer.concat([iv, cipher.getAuthTag(), sealed]))
  }

  function open(owner: string, sealed: Uint8Array): Buffer | undefined {
    for (const key of keys) {
      const secret = openWith(key, owner, sealed)
      if (secret) return secret
    }
    return undefined
  }
}

function openWith(key: Uint8Array, owner: string, sealed: Uint8Array): Buffer | undefined {
  const [iv, tag] = [sealed.subarray(0, ivBytes), sealed.subarray(ivBytes, ivBytes + tagBytes)]
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
    decipher.setAAD(Buffer.from(owner)).setAuthTag(tag)
    return Buffer.concat([decipher.update(sealed.subarray(ivBytes + tagBytes)), decipher.final()])
  } catch {
    // Sealed under another key, or damaged.
    return undefined
  }
}
