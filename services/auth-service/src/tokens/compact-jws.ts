import { type KeyObject, sign } from 'node:crypto'

/**
 * Signs by RS256 (RFC 7515 §7.1, RFC 7518 §3.3) on Node's thread pool. (jose's SignJWT signs by WebCrypto, whose call keeps the
 * event loop longer, and copies the claims and builds the parts three times before it.)
 */
export function signCompactJws(header: object, payload: object, key: KeyObject): Promise<string> {
  const signingInput = `${encode(JSON.stringify(header))}.${encode(JSON.stringify(payload))}`
  return new Promise((resolve, reject) => {
    sign('RSA-SHA256', Buffer.from(signingInput, 'latin1'), key, (error, signature) => {
      if (error) reject(error)
      else resolve(`${signingInput}.${signature.toString('base64url')}`)
    })
  })
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}
