import { createHmac, timingSafeEqual } from 'node:crypto'
import type { MasterKeys } from '../keys/master-keys.ts'

const purpose = 'dpop nonce v1'
/** A nonce is valid in the window in which it was made, and in the next one. */
const windowSeconds = 150

/** Nonces for DPoP proofs (RFC 9449 §8): computed from the time, so that every replica knows those of the others. */
export interface DpopNonces {
  current(): string
  isGood(nonce: string): boolean
}

export function createDpopNonces(masterKeys: MasterKeys, now: () => number = Date.now): DpopNonces {
  const keys = masterKeys.map((key) => key.derive(purpose))
  const currentWindow = () => Math.floor(now() / 1000 / windowSeconds)
  const make = (key: Uint8Array, window: number) =>
    createHmac('sha256', key).update(String(window)).digest().subarray(0, 18).toString('base64url')
  return {
    current: () => make(keys[0] as Uint8Array, currentWindow()),
    isGood(nonce) {
      const presented = Buffer.from(nonce)
      // A replica whose clock is ahead may have made a nonce of the next window.
      const windows = [-1, 0, 1].map((step) => currentWindow() + step)
      return keys.some((key) =>
        windows.some((window) => {
          const expected = Buffer.from(make(key, window))
          return expected.length === presented.length && timingSafeEqual(expected, presented)
        })
      )
    }
  }
}
