import { hkdfSync } from 'node:crypto'
import { z } from 'zod'

const minimumBytes = 32
const maximumKeys = 8

/** A key that only the operator has. Nothing uses it directly: each purpose derives a key of its own (RFC 5869). */
export interface MasterKey {
  /** Identifies the key without revealing anything of it. */
  readonly id: string
  /** One byte in each refresh token: the master key to try first. Two keys may share it. */
  readonly version: number
  /** @returns 32 bytes for one purpose */
  derive(purpose: string): Uint8Array
}

/** The master keys, the current one first; the others only open what they have sealed. */
export type MasterKeys = readonly [MasterKey, ...MasterKey[]]

/** @throws {TypeError} for fewer than 32 bytes */
export function createMasterKey(bytes: Uint8Array): MasterKey {
  if (bytes.length < minimumBytes) throw new TypeError(`A master key has at least ${minimumBytes} bytes.`)
  const derive = (purpose: string) => new Uint8Array(hkdfSync('sha256', bytes, '', `countersign ${purpose}`, 32))
  const fingerprint = derive('master-key fingerprint v1')
  return Object.freeze({
    id: Buffer.from(fingerprint.subarray(1, 9)).toString('base64url'),
    version: fingerprint[0] as number,
    derive,
    toJSON: () => '[redacted]'
  })
}

/** One or more master keys in base64 or base64url, separated by commas or white space; the first is the current one. */
export function masterKeys() {
  const expects =
    `a master key of at least ${minimumBytes} random bytes in base64 (make one with: openssl rand -base64 32), ` +
    `or up to ${maximumKeys} of them separated by commas, the current one first`
  return z.string(expects).transform((text, context) => {
    const keys = parseMasterKeys(text)
    if (keys === undefined) context.addIssue(expects)
    return keys ?? z.NEVER
  })
}

function parseMasterKeys(text: string): MasterKeys | undefined {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '')
  const [current, ...older] = parts.map(parseMasterKey)
  if (!current || parts.length > maximumKeys || older.includes(undefined)) return undefined
  return [current, ...(older as MasterKey[])]
}

function parseMasterKey(text: string): MasterKey | undefined {
  if (!/^[\w+/-]+={0,2}$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.length >= minimumBytes ? createMasterKey(bytes) : undefined
}
