import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { MasterKeys } from '../keys/master-keys.ts'

const prefix = 'csr1.'
const macPurpose = 'refresh-token mac v1'
const familyIdBytes = 16
const signedBytes = 1 + familyIdBytes + 4
const macBytes = 32
/** `csr1.` and 53 bytes in base64url. */
const tokenLength = prefix.length + Math.ceil(((signedBytes + macBytes) * 4) / 3)

/** The content of a refresh token: one generation of one family. */
export interface RefreshTokenContent {
  /** The family's id, a UUID. */
  readonly familyId: string
  readonly generation: number
}

/**
 * Makes and reads refresh tokens: `csr1.` + base64url(key version 1 byte ‖ family id 16 ‖ generation 4 ‖ MAC 32). They are
 * computed, not stored: so a forged one is rejected without a query, and a retry gets exactly the successor that was lost.
 */
export interface RefreshTokenCodec {
  encode(content: RefreshTokenContent): string
  /** @returns `undefined` for anything that this issuer did not make */
  decode(token: string): RefreshTokenContent | undefined
}

export function createRefreshTokenCodec(masterKeys: MasterKeys): RefreshTokenCodec {
  const macKeys = masterKeys.map((key) => ({ version: key.version, key: createSecretKey(key.derive(macPurpose)) }))
  const [current] = macKeys as [(typeof macKeys)[number]]
  return {
    encode({ familyId, generation }) {
      const signed = Buffer.alloc(signedBytes)
      signed.writeUInt8(current.version, 0)
      signed.write(familyId.replaceAll('-', ''), 1, 'hex')
      signed.writeUInt32BE(generation, 1 + familyIdBytes)
      return prefix + Buffer.concat([signed, mac(current.key, signed)]).toString('base64url')
    },
    decode(token) {
      if (token.length !== tokenLength || !token.startsWith(prefix)) return undefined
      const bytes = Buffer.from(token.slice(prefix.length), 'base64url')
      // Buffer reads base64url leniently, but a token has only one spelling.
      if (bytes.toString('base64url') !== token.slice(prefix.length)) return undefined
      const signed = bytes.subarray(0, signedBytes)
      const presentedMac = bytes.subarray(signedBytes)
      const isAuthentic = macKeys.some(
        ({ version, key }) => version === signed[0] && timingSafeEqual(mac(key, signed), presentedMac)
      )
      if (!isAuthentic) return undefined
      return {
        familyId: formatUuid(signed.subarray(1, 1 + familyIdBytes)),
        generation: signed.readUInt32BE(1 + familyIdBytes)
      }
    }
  }
}

function mac(key: KeyObject, signed: Uint8Array): Buffer {
  return createHmac('sha256', key).update(prefix).update(signed).digest()
}

function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
