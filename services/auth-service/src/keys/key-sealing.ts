import { StartError } from '@countersign/service-kit'
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader, type JWK } from 'jose'
import type { MasterKey, MasterKeys } from './master-keys.ts'

const purpose = 'signing-key sealing v1'

/** Seals private keys for the database, and opens them again. */
export interface KeySealing {
  /** @returns a JWE (RFC 7516; `dir` with `A256GCM`) whose protected header names the signing key and the master key */
  seal(kid: string, privateJwk: JWK): Promise<string>
  /** @throws {SealedKeyError} when no master key opens it, or it was sealed for another kid */
  open(kid: string, sealed: string): Promise<JWK>
  /** Whether the current master key sealed it, according to its header. */
  isCurrent(sealed: string): boolean
}

/** Thrown when a signing key in the database cannot be opened. */
export class SealedKeyError extends StartError {
  readonly code = 'ERR_SEALED_KEY'

  constructor(kid: string, reason: string) {
    super(
      `The signing key ${kid} in the database cannot be opened: ${reason}. ` +
        'COUNTERSIGN_MASTER_KEY must hold the master key that sealed it (the current one first, older ones after a comma).'
    )
    this.name = 'SealedKeyError'
  }
}

/** The first master key seals; each of them opens what it has sealed. */
export function createKeySealing(masterKeys: MasterKeys): KeySealing {
  const sealingKeys = new Map(masterKeys.map((key) => [key.id, key.derive(purpose)]))
  const current: MasterKey = masterKeys[0]
  return {
    seal(kid, privateJwk) {
      // The kid is in the authenticated header, so that a sealed key cannot be moved to another row.
      return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(privateJwk)))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: current.id, signing_kid: kid })
        .encrypt(sealingKeys.get(current.id) as Uint8Array)
    },
    async open(kid, sealed) {
      const { plaintext, protectedHeader } = await decrypt(kid, sealed)
      if (protectedHeader.signing_kid !== kid) throw new SealedKeyError(kid, 'it was sealed for another key')
      return JSON.parse(new TextDecoder().decode(plaintext)) as JWK
    },
    isCurrent(sealed) {
      try {
        return decodeProtectedHeader(sealed).kid === current.id
      } catch {
        return false
      }
    }
  }

  async function decrypt(kid: string, sealed: string) {
    try {
      return await compactDecrypt(
        sealed,
        (header) => {
          const key = sealingKeys.get(header.kid ?? '')
          if (!key) throw new SealedKeyError(kid, 'it was sealed under another master key')
          return key
        },
        { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] }
      )
    } catch (error) {
      if (error instanceof SealedKeyError) throw error
      throw new SealedKeyError(kid, 'it was altered or is damaged')
    }
  }
}
