import { createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'
import type { MasterKeys } from '../keys/master-keys.ts'

const prefix = 'csd1.'
const macPurpose = 'device-token mac v1'
const uuidBytes = 16
const deviceIdBytes = 16
const signedBytes = 1 + uuidBytes + deviceIdBytes + 4
const macBytes = 32
/** `csd1.` and 69 bytes in base64url. */
const tokenLength = prefix.length + Math.ceil(((signedBytes + macBytes) * 4) / 3)

/** How long a browser or an app is recognized after a sign-in. */
export const deviceTokenSeconds = 90 * 86_400

/** A browser or an app in which a user has signed in. */
export interface Device {
  /** Random, in base64url. */
  readonly id: string
  readonly userId: string
}

/**
 * Makes and reads device tokens: `csd1.` + base64url(key version 1 byte ‖ user id 16 ‖ device id 16 ‖ issued at 4 ‖ MAC 32).
 * A device token says that a user who knew the password has signed in with this browser. It is not a credential (decision 18).
 */
export interface DeviceTokenCodec {
  /** @param former the device token of this browser so far; if it is another user's or absent, a new device is made */
  issue(userId: string, former: Device | undefined): string
  /** @returns `undefined` for a token that this issuer did not make, or made more than 90 days ago */
  read(token: string): Device | undefined
}

export function createDeviceTokenCodec(
  masterKeys: MasterKeys,
  nowSeconds: () => number = () => Math.floor(Date.now() / 1000)
): DeviceTokenCodec {
  const macKeys = masterKeys.map((key) => ({ version: key.version, key: createSecretKey(key.derive(macPurpose)) }))
  const [current] = macKeys as [(typeof macKeys)[number]]
  return {
    issue(userId, former) {
      const signed = Buffer.alloc(signedBytes)
      signed.writeUInt8(current.version, 0)
      signed.write(userId.replaceAll('-', ''), 1, 'hex')
      const id = former?.userId === userId ? Buffer.from(former.id, 'base64url') : randomBytes(deviceIdBytes)
      id.copy(signed, 1 + uuidBytes)
      signed.writeUInt32BE(nowSeconds(), signedBytes - 4)
      return prefix + Buffer.concat([signed, mac(current.key, signed)]).toString('base64url')
    },
    read(token) {
      if (token.length !== tokenLength || !token.startsWith(prefix)) return undefined
      const bytes = Buffer.from(token.slice(prefix.length), 'base64url')
      if (bytes.toString('base64url') !== token.slice(prefix.length)) return undefined
      const signed = bytes.subarray(0, signedBytes)
      const isAuthentic = macKeys.some(
        ({ version, key }) => version === signed[0] && timingSafeEqual(mac(key, signed), bytes.subarray(signedBytes))
      )
      if (!isAuthentic || signed.readUInt32BE(signedBytes - 4) + deviceTokenSeconds < nowSeconds()) return undefined
      return {
        id: signed.toString('base64url', 1 + uuidBytes, 1 + uuidBytes + deviceIdBytes),
        userId: formatUuid(signed.toString('hex', 1, 1 + uuidBytes))
      }
    }
  }
}

function mac(key: KeyObject, signed: Uint8Array): Buffer {
  return createHmac('sha256', key).update(prefix).update(signed).digest()
}

function formatUuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
